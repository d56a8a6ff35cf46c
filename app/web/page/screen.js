// A canvas has as many pixels as the screen has in its place, so that lines are sharp.

/** Keep a square canvas so, and call `redraw` whenever that has emptied it. */
export function fitToScreen(canvas, redraw) {
  const fit = () => {
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (side === canvas.width) return;
    canvas.width = canvas.height = side;
    redraw();
  };
  const follow = () => { // a screen with other pixels may leave the size as it is
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener("change", () => { fit(); follow(); }, { once: true });
  };
  new ResizeObserver(fit).observe(canvas);
  addEventListener("resize", fit); // another zoom or screen
  follow();
  fit();
}
