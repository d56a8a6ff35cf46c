// Enables buttons and disables them.

const paper = document.getElementById("paper");

/** Enable a button or disable it; a disabled button would lose the focus, so the paper gets it. */
export function enable(button, isEnabled) {
  const hadFocus = document.activeElement === button;
  button.disabled = !isEnabled;
  if (hadFocus && !isEnabled) paper.focus();
}
