"use strict";
(() => {
  // The confusion matrix: a cell opens the items it counts, below the matrix, without moving the page.
  const cells = [...document.querySelectorAll(".matrix a[aria-controls]")];
  const box = document.querySelector(".galleries");
  box?.classList.add("live");  // without script the address alone says which cell is open
  const show = (link) => {
    for (const other of cells) other.setAttribute("aria-expanded", String(other === link));
    for (const one of document.querySelectorAll(".gallery")) one.classList.toggle("shown", one.id === link.getAttribute("aria-controls"));
  };
  for (const link of cells) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(link);
      const seen = box.getBoundingClientRect();
      if (seen.top > innerHeight - 120) box.scrollIntoView({ block: "nearest" });
    });
    link.addEventListener("keydown", (event) => {
      if (event.key === " ") {
        event.preventDefault();
        link.click();
      }
      const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      const step = steps[event.key];
      if (step) move(event, link, step);
    });
  }
  const move = (event, link, [down, right]) => {
    const cell = link.closest("td");
    let row = cell.parentElement.rowIndex, column = cell.cellIndex;
    const table = cell.closest("table");
    for (;;) {
      row += down;
      column += right;
      const next = table.rows[row]?.cells[column];
      if (!next) return;
      const target = next.querySelector("a[aria-controls]");
      if (target) {
        event.preventDefault();
        target.focus();
        return;
      }
    }
  };
  const wanted = cells.find((link) => "#" + link.getAttribute("aria-controls") === location.hash);
  if (wanted) show(wanted);

  // A click on a button plays its clip; another one stops it.
  const sounds = JSON.parse(document.getElementById("sounds")?.textContent ?? "{}");
  let playing = null, pressed = null;
  const stop = () => {
    playing?.pause();
    pressed?.classList.remove("playing");
    playing = pressed = null;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.play");
    if (!button) return;
    const again = button === pressed;
    stop();
    if (again) return;
    pressed = button;
    playing = new Audio(sounds[button.dataset.sound]);
    playing.addEventListener("ended", stop);
    button.classList.add("playing");
    playing.play().catch(stop);
  });

  // What is folded away is printed too, and folded again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });

  // The section in view is marked in the list of sections.
  const links = new Map([...document.querySelectorAll("nav.sections a")].map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const [id, link] of links) {
        if (id === entry.target.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  for (const id of links.keys()) {
    const section = document.getElementById(id);
    if (section) watch.observe(section);
  }
})();
