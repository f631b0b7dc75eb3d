// Runs before the first paint, so that a chosen theme does not flash the other one.
(() => {
  try {
    const theme = localStorage.getItem("labelstream.theme");
    if (theme) document.documentElement.dataset.theme = theme;
  } catch {
    // Without storage the system's preference counts.
  }
})();
