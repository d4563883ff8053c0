// Gives each form a key of its own again where "Back" or "Forward" leads to its page: what is sent from there is another
// act, and not the one that was done from it before.
(() => {
  "use strict";
  const aNewKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  addEventListener("pageshow", (event) => {
    const [came] = performance.getEntriesByType("navigation");
    if (!event.persisted && came?.type !== "back_forward") return;
    for (const field of document.querySelectorAll('input[type="hidden"][name="once"]')) field.value = aNewKey();
  });
})();
