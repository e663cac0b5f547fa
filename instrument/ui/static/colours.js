// What colours say: a scale for each property of the notes, told apart without red and green.

import { make, pitch, themed } from "./words.js";

const RAMP = ["#46317e", "#365c8d", "#277f8e", "#1fa187", "#6ccd5a", "#f2d024"];
const STRINGS = { G: "#c8641b", D: "#2f8fd0", A: "#1a9b76", E: "#c25a9c" };
const LOUDNESS = ["ppp", "pp", "p", "mp", "mf", "f", "ff", "fff"];

function mixed(share) {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1);
  const first = Math.min(Math.floor(at), RAMP.length - 2);
  const part = at - first;
  const [a, b] = [RAMP[first], RAMP[first + 1]].map((hex) =>
    [1, 3, 5].map((place) => parseInt(hex.slice(place, place + 2), 16)));
  return `rgb(${a.map((value, i) => Math.round(value + part * (b[i] - value))).join(" ")})`;
}

/** How the notes are coloured by a property: `of(point, index)`, and a legend. */
export function scale(property, points, preset) {
  const unknown = themed("unknown");
  if (property === "string") {
    const found = Object.keys(STRINGS).filter((name) => points.some((p) => p.string === name));
    return {
      of: (point) => STRINGS[point.string] ?? unknown,
      legend: () => swatches([...found.map((name) => [STRINGS[name], `${name} string`]), [unknown, "unknown"]]),
    };
  }
  if (property === "dynamic") {
    const found = LOUDNESS.filter((name) => points.some((p) => p.dynamic === name));
    const colour = (name) => mixed(found.indexOf(name) / Math.max(found.length - 1, 1));
    return {
      of: (point) => (found.includes(point.dynamic) ? colour(point.dynamic) : unknown),
      legend: () => swatches([...found.map((name) => [colour(name), name]), [unknown, "other"]]),
    };
  }
  if (property === "preset") {
    const inside = new Set(preset.points);
    const accent = themed("accent");
    return {
      of: (_point, index) => (inside.has(index) ? accent : unknown),
      legend: () => swatches([[accent, preset.name], [unknown, "others"]]),
    };
  }
  const value = property === "pitch" ? (p) => p.midi : (p) => p.vibrato;
  const values = points.map(value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const text = property === "pitch" ? pitch : (cents) => `${Math.round(cents)} cents`;
  return {
    of: (point) => mixed((value(point) - low) / Math.max(high - low, 1e-9)),
    legend: () => [make("span", {}, text(low), ramp(), text(high))],
  };
}

function ramp() {
  const canvas = make("canvas", { width: 90, height: 1 });
  const context = canvas.getContext("2d");
  for (let x = 0; x < 90; x++) {
    context.fillStyle = mixed(x / 89);
    context.fillRect(x, 0, 1, 1);
  }
  return canvas;
}

function swatches(pairs) {
  return pairs.map(([colour, text]) => {
    const dot = make("i");
    dot.style.background = colour;
    return make("span", {}, dot, text);
  });
}
