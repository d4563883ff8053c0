// Loads the page again while a list is judged, for as long as the page is seen.
(() => {
  "use strict";
  if (!document.querySelector("[data-judging]")) return;
  setInterval(() => {
    if (!document.hidden) location.reload();
  }, 2000);
})();
