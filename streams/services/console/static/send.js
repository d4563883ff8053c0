// Loads the page again while a list is judged, for as long as the page is seen. Once a page: to ask again before the
// answer is there would break it off, and a console that is slow would never be seen to end.
(() => {
  "use strict";
  if (!document.querySelector("[data-judging]")) return;
  const again = () => (document.hidden ? setTimeout(again, 2000) : location.reload());
  setTimeout(again, 2000);
})();
