// The classes that the model tells apart: the ten digits, unless the server names others.

const DIGITS = [..."0123456789"];
const $ = (id) => document.getElementById(id);

export let names = DIGITS;
export const areDigits = () => names === DIGITS;

/** Use the classes of the server's model, and say nothing of digits on the page if they are others. */
export function useClasses(classes = DIGITS) {
  if (classes.join("\n") === DIGITS.join("\n")) return;
  names = classes;
  document.title = "Your own pictures";
  $("title").textContent = "Draw or choose a picture";
  $("subtitle").textContent = "The model names what it shows.";
  $("result").setAttribute("aria-label", "What the picture shows");
  $("drawn-steps").alt = "The steps from the picture to what the model sees, side by side";
  document.body.classList.add("named");
  $("boxes").hidden = $("none").hidden = true; // the whole picture is what is named
}
