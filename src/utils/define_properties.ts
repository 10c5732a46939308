/**
 * Defines properties like those of an assignment, except those that are undefined. A property that an error does not
 * take stays as it is: `Object.assign` would throw a TypeError, which would hide the error.
 */
export function defineProperties(error: object, properties: Readonly<Record<PropertyKey, unknown>>): void {
  for (const key of Reflect.ownKeys(properties)) {
    const value = properties[key];
    if (value === undefined) continue;
    Reflect.defineProperty(error, key, { value, enumerable: true, writable: true, configurable: true });
  }
}
