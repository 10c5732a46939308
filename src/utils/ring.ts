/** The newest items, at most `capacity`. Adding one takes constant time, where `shift()` of an array moves every item. */
export class Ring<T> {
  private readonly items: T[] = [];
  private oldest = 0;

  constructor(private readonly capacity: number) {}

  add(item: T): void {
    if (this.items.length < this.capacity) {
      this.items.push(item);
      return;
    }
    this.items[this.oldest] = item;
    this.oldest = (this.oldest + 1) % this.capacity;
  }

  /** A new array, the oldest item first. */
  toArray(): T[] {
    return [...this.items.slice(this.oldest), ...this.items.slice(0, this.oldest)];
  }
}
