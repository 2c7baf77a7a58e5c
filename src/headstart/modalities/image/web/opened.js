// Says why the page does not start, where no module can: opened as a file, or on a host that serves scripts as something else.

(() => {
  const explain = (text) => {
    document.getElementById("status").textContent = "";
    document.getElementById("progress").hidden = true;
    document.getElementById("trouble").textContent = text;
  };
  const onFile = location.protocol === "file:";
  const fail = () => explain(onFile
    ? "This page does not work from a file. Open it through a web server: run “python -m http.server 8000” in this folder, then open http://127.0.0.1:8000 (README.md)."
    : "The scripts of this page do not load. The host has to serve the whole folder, and files ending in .js as text/javascript (README.md).");
  addEventListener("error", (event) => {
    if (event.target.tagName === "SCRIPT") addEventListener("DOMContentLoaded", fail);
    if (event.target.tagName === "SCRIPT" && document.readyState !== "loading") fail();
  }, true);
  if (onFile) addEventListener("DOMContentLoaded", fail);
})();
