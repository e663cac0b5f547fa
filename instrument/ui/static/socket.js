// The wire to the page's server: messages as they come, or the latest of each kind in turn.

const AGAIN_MS = 1000;
const APART_MS = 8; // so half of what the server allows is left to notes

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

  /** Send it, or in its turn the latest of its kind (and of `key`), however fast a screen is. */
  soon(kind, fields, key = "") {
    this.waiting.set(kind + key, [kind, fields]);
    if (!this.busy) this.flush();
  }

  flush() {
    const [first] = this.waiting;
    this.busy = first !== undefined;
    if (!this.busy) return;
    const [slot, message] = first;
    this.waiting.delete(slot);
    this.send(...message);
    setTimeout(() => this.flush(), APART_MS);
  }
}
