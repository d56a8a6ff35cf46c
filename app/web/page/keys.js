// The keys that change the whole sheet; those that move the pen are in pen.js.

/** Call what belongs to a key: `undo`, `redo` or `clear`. */
export function followKeys({ undo, redo, clear }) {
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    const withControl = event.ctrlKey || event.metaKey;
    if (withControl && (key === "y" || (key === "z" && event.shiftKey))) redo();
    else if (withControl && key === "z") undo();
    else if (key === "delete") clear();
    else return;
    event.preventDefault();
  });
}
