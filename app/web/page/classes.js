// The classes that the model tells apart: the ten digits, unless the server names others.

export let names = [..."0123456789"];

/** Use the classes of the server's model. */
export function useClasses(classes = names) {
  names = classes;
}
