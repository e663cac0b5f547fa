// What is said about notes.

const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
const DYNAMICS = {
  ppp: "pianississimo", pp: "pianissimo", p: "piano", mp: "mezzo-piano", mf: "mezzo-forte",
  f: "forte", ff: "fortissimo", fff: "fortississimo", cresc: "crescendo", decresc: "decrescendo",
};

export const byId = (id) => document.getElementById(id);

export function pitch(key) {
  return NAMES[key % 12] + (Math.floor(key / 12) - 1);
}

/** A note in words: pitch, dynamic, string, vibrato. */
export function described(point) {
  const parts = [pitch(point.midi).replace("♯", " sharp ").replace("♭", " flat ")];
  if (point.dynamic) parts.push(DYNAMICS[point.dynamic] ?? point.dynamic);
  if (point.string) parts.push(`${point.string} string`);
  parts.push(`vibrato ${Math.round(point.vibrato)} cents`);
  return parts.join(", ");
}

/** Make an element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Fit a canvas to its place on the screen; its context, in CSS pixels. */
export function fitted(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A colour of the theme, as it is now. */
export function themed(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
