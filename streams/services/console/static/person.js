// Says that all that is held of a person is being collected, and when it has come. A browser tells a page nothing of a
// download, so the answer has a cookie that says it.
(() => {
  "use strict";
  const form = document.querySelector("[data-collects]");
  if (!form) return;
  const status = form.querySelector("[role=status]");
  const button = form.querySelector("button");
  const has = () => document.cookie.split("; ").includes("collected=1");
  let asking = 0;
  const end = () => {
    clearInterval(asking);
    button.disabled = false;
  };
  form.addEventListener("submit", () => {
    document.cookie = `collected=; Max-Age=0; Path=${form.dataset.collects}; SameSite=Strict`;
    status.textContent = status.dataset.during;
    button.disabled = true;
    clearInterval(asking);
    asking = setInterval(() => {
      if (!has()) return;
      end();
      status.textContent = status.dataset.after;
    }, 500);
  });
  // "Back" may lead here again from a page that says why there is no file.
  addEventListener("pageshow", () => {
    end();
    status.textContent = "";
  });
})();
