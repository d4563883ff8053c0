// Keeps an open page honest: connects its stream only while it is seen, shows each block's age, and says when nothing comes.
(() => {
  "use strict";
  const stream = document.getElementById("stream");
  const live = document.getElementById("live");
  if (!stream || !live) return;
  const SILENT_MS = 10000;
  let heard = Date.now();
  let now = "";
  let full = false;

  const connect = () => {
    full = false;
    if (!document.hidden) htmx.trigger(stream, "live");
  };
  const show = (on) => {
    live.classList.toggle("on", on);
    live.textContent = on ? live.dataset.on : live.dataset.off;
  };

  stream.addEventListener("htmx:sse:before:connection", (event) => {
    if (document.hidden || full) event.detail.connection.cancelled = true;
  });
  stream.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) location.reload();
  });
  stream.addEventListener("signed-out", () => location.reload());
  stream.addEventListener("ages", (event) => {
    const told = JSON.parse(event.detail.data);
    heard = Date.now();
    now = told.now;
    show(true);
    for (const [id, age] of Object.entries(told.blocks)) {
      const block = document.getElementById(`block-${id}`);
      if (!block) continue;
      document.getElementById(`age-${id}`).textContent = age.text;
      for (const state of ["live", "stopped", "withheld", "fixed"]) block.classList.toggle(`is-${state}`, state === age.state);
    }
  });
  // There are too many open pages: that stands where "live" would. htmx would ask again at once; this asks when it is silent.
  stream.addEventListener("full", (event) => {
    full = true;
    heard = Date.now();
    show(false);
    live.textContent = event.detail.data;
  });
  document.addEventListener("visibilitychange", connect);

  setInterval(() => {
    if (document.hidden || Date.now() - heard < SILENT_MS) return;
    show(false);
    for (const block of stream.querySelectorAll(".block.is-live")) {
      block.classList.replace("is-live", "is-stopped");
      if (now) block.querySelector(".age").textContent = stream.dataset.stopped.replace("%TIME%", now);
    }
    connect();
  }, 1000);

  show(false);
  // Where scripts come slowly htmx goes through the page before its extension is there, and once: so it is told here.
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
    stream.setAttribute("hx-sse:connect", stream.dataset.connect);
    htmx.process(stream);
    connect();
  }));
})();
