/**
 * A map that drops its oldest entries: it keeps the newest `limit` entries, and less than twice as many. Each
 * operation takes constant time. Deleting the first key of a `Map` does not: its iterator passes over deleted keys.
 */
export class BoundedMap<V> {
  private newer = new Map<string, V>();
  private older = new Map<string, V>();

  constructor(private readonly limit: number) {}

  get(key: string): V | undefined {
    return this.newer.get(key) ?? this.older.get(key);
  }

  set(key: string, value: V): void {
    if (this.newer.size >= this.limit) {
      this.older = this.newer;
      this.newer = new Map();
    }
    this.newer.set(key, value);
  }

  delete(key: string): void {
    if (!this.newer.delete(key)) this.older.delete(key);
  }
}
