// The wire to the page's server: messages as they come, or one of a kind a frame.

const AGAIN_MS = 1000;

export class Wire {
  /** @param hear - takes each message of the server. @param change - takes whether it is open. */
  constructor(hear, change) {
    this.hear = hear;
    this.change = change;
    this.waiting = new Map();
    this.connect();
  }

  connect() {
    const address = new URL("play", location.href);
    address.protocol = "ws:";
    this.socket = new WebSocket(address);
    this.socket.onopen = () => this.change(true);
    this.socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    this.socket.onclose = () => {
      this.change(false);
      setTimeout(() => this.connect(), AGAIN_MS);
    };
  }

  send(kind, fields = {}) {
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ kind, ...fields }));
    }
  }

  /** Send it, but not more than one of its kind (and of `key`) a frame: then the latest. */
  soon(kind, fields, key = "") {
    const slot = kind + key;
    if (this.waiting.has(slot)) {
      this.waiting.set(slot, [kind, fields, key]);
      return;
    }
    this.send(kind, fields);
    if (this.waiting.size === 0) requestAnimationFrame(() => this.flush());
    this.waiting.set(slot, null);
  }

  flush() {
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const late of waiting) if (late) this.soon(...late);
  }
}
