// The two curves of a note where the cursor is, and where each sounding voice is in them.

import { byId, fitted, pitch, themed } from "./words.js";

const LEFT = 44;
const RIGHT = 10;
const GAP = 20;
const BELOW = 24;

export class Curves {
  constructor(hello) {
    this.canvas = byId("curves");
    const [softest, loudest] = hello.levels_db;
    this.level = [10 * Math.floor((softest - 15) / 10), 10 * Math.ceil(loudest / 10)];
    this.voices = [];
    this.told = 0;
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  take(curves) {
    this.curves = curves;
    byId("curve-key").textContent = pitch(curves.key);
    const widest = Math.max(...curves.cents.map(Math.abs));
    this.canvas.setAttribute("aria-label",
      `Pitch and loudness of ${pitch(curves.key)} over three seconds: up to ${Math.round(widest)} cents from the note`);
    this.draw();
  }

  /** Show the curves of a recording beside them, or those of none. */
  beside(example) {
    if (this.example === example) return;
    this.example = example;
    this.draw();
  }

  hear(voices) {
    this.told = performance.now();
    this.voices = voices;
    this.draw();
  }

  /** Whether any note isn't in its release. */
  plays() {
    return this.voices.some((voice) => voice.seconds < this.curves.release);
  }

  draw() {
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => {
      this.wanted = false;
      this.paint();
      if (this.voices.length) this.draw();
    });
  }

  paint() {
    const { context, width, height } = fitted(this.canvas);
    if (!this.curves) return;
    const { cents, level_db: level, seconds, release } = this.curves;
    const total = cents.length * seconds;
    const plot = (height - GAP - BELOW - 6) / 2;
    const x = (at) => LEFT + (at / total) * (width - LEFT - RIGHT);
    const reach = Math.max(...cents.map(Math.abs)) > 40 ? 100 : 40;
    context.font = "11px system-ui, sans-serif";
    const frames = [
      { top: 6, range: [-reach, reach], values: cents, other: this.example?.cents, ticks: [-reach, 0, reach], unit: "cents" },
      { top: 6 + plot + GAP, range: this.level, values: level, other: this.example?.level_db, ticks: this.level, unit: "dB" },
    ];
    const [line, muted, accent] = ["line", "muted", "accent"].map(themed);
    for (const { top, range, values, other, ticks, unit } of frames) {
      const y = (value) => top + plot * (1 - (value - range[0]) / (range[1] - range[0]));
      context.fillStyle = muted;
      context.strokeStyle = line;
      context.lineWidth = 1;
      context.textAlign = "right";
      context.textBaseline = "middle";
      for (const tick of ticks) {
        context.beginPath();
        context.moveTo(LEFT, Math.round(y(tick)) + 0.5);
        context.lineTo(width - RIGHT, Math.round(y(tick)) + 0.5);
        context.stroke();
        context.fillText(String(tick).replace("-", "−"), LEFT - 6, y(tick));
      }
      context.fillText(unit, LEFT - 6, y((range[0] + range[1]) / 2) + (unit === "cents" ? 13 : 0));
      context.save();
      context.beginPath();
      context.rect(LEFT, top - 2, width - LEFT - RIGHT, plot + 4);
      context.clip();
      context.lineJoin = "round";
      if (other) trace(context, other, (i) => x(i * seconds), y, themed("ink"), 1.2);
      trace(context, values, (i) => x(i * seconds), y, accent, 1.8);
      context.restore();
    }
    context.textAlign = "center";
    context.fillStyle = muted;
    for (let second = 0; second <= total; second++) {
      context.fillText(`${second} s`, Math.min(x(second), width - RIGHT - 6), height - 6);
    }
    upright(context, x(release), height, line, [3, 3]);
    this.paintVoices(context, x, height, total, 6 + plot + GAP / 2);
  }

  paintVoices(context, x, height, total, middle) {
    const since = (performance.now() - this.told) / 1000;
    const [ink, sheet] = ["ink", "sheet"].map(themed);
    const places = new Map(); // notes that are as far as each other have one line
    for (const { key, seconds } of this.voices) {
      const at = Math.round(x(Math.min(seconds + Math.min(since, 0.15), total)) / 4) * 4;
      places.set(at, [...(places.get(at) ?? []), pitch(key)]);
    }
    const halfOf = (names) => context.measureText(names.join(" ")).width / 2 + 4;
    const labels = []; // those that would cover each other are one
    for (const [at, names] of [...places].sort(([a], [b]) => a - b)) {
      upright(context, at, height, ink, []);
      const before = labels.at(-1);
      if (before && at - before.at < halfOf(before.names) + halfOf(names)) before.names.push(...names);
      else labels.push({ at, names });
    }
    for (const { at, names } of labels) {
      const half = halfOf(names);
      const inside = Math.min(Math.max(at, LEFT + half), context.canvas.clientWidth - RIGHT - half);
      context.fillStyle = sheet;
      context.fillRect(inside - half, middle - 7, 2 * half, 14);
      context.fillStyle = ink;
      context.fillText(names.join(" "), inside, middle + 1);
    }
  }
}

function upright(context, x, height, colour, dashes) {
  context.save();
  context.setLineDash(dashes);
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(x, 4);
  context.lineTo(x, height - BELOW);
  context.stroke();
  context.restore();
}

/** A curve, with gaps where it is null. */
function trace(context, values, x, y, colour, width) {
  context.beginPath();
  values.forEach((value, i) => {
    if (value === null) return;
    if (values[i - 1] === null) context.moveTo(x(i), y(value));
    else context.lineTo(x(i), y(value));
  });
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}
