// The map: the notes that were learned, the relief under them, the marks, a path and the cursor.

import { scale } from "./colours.js";
import { reliefPicture } from "./relief.js";
import { byId, fitted, make, themed } from "./words.js";

const POINT = 4.5;
const REACH = 14;
const OWN = 7;
const MOVING_MS = 450; // from one layout to another

export class NoteMap {
  constructor(hello) {
    this.points = hello.points;
    this.presets = hello.presets;
    this.canvas = byId("map-canvas");
    this.property = byId("colour").value;
    this.reliefName = byId("relief").value;
    this.layouts = hello.layouts;
    this.own = [];
    this.lay(0);
    this.extent = bounds(hello.points);
    this.state = null;
    this.cursor = null; // while it is dragged: where the finger is
    this.path = [];
    this.wanted = false;
    byId("colour").addEventListener("change", (event) => this.recolour(event.target.value));
    byId("relief").addEventListener("change", (event) => {
      this.reliefName = event.target.value;
      this.raise();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.recolour(this.property);
      this.raise();
    });
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.recolour(this.property);
  }

  take(relief) {
    const before = this.points.map(({ x, y }) => this.toPixels(x, y));
    const moves = this.relief && this.relief.layout !== relief.layout;
    this.relief = relief;
    this.extent = relief.extent;
    this.lay(this.layouts.indexOf(relief.layout));
    this.raise();
    if (moves && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.slide(before);
  }

  /** Put the notes where they are in a layout. */
  lay(layout) {
    for (const point of this.points) [point.x, point.y] = point.at[layout];
  }

  /** Move the notes from where they were on the screen to where they are. */
  slide(before) {
    const begun = performance.now();
    const goal = this.points.map(({ x, y }) => [x, y]);
    const from = before.map(([left, top]) => this.toPlace(left, top));
    const step = () => {
      const share = Math.min((performance.now() - begun) / MOVING_MS, 1);
      const eased = share * share * (3 - 2 * share);
      this.points.forEach((point, i) => {
        [point.x, point.y] = goal[i].map((to, axis) => from[i][axis] + eased * (to - from[i][axis]));
      });
      this.ground = null;
      this.draw();
      if (share < 1 && this.slides === step) requestAnimationFrame(step);
    };
    this.slides = step;
    step();
  }

  /** The player's own presets lie on the map, too. */
  takeOwn({ presets, places }) {
    this.own = presets.map(({ name, note }, i) => ({ name, note, x: places[i][0], y: places[i][1] }));
    this.draw();
  }

  show(state) {
    const before = this.state;
    this.state = state;
    if (this.property === "preset" && before?.preset !== state.preset) this.recolour("preset");
    this.draw();
  }

  recolour(property) {
    this.property = property;
    this.scale = scale(property, this.points, this.presets[this.state?.preset ?? 0]);
    this.ground = null;
    // What is unknown lies below.
    const unknown = themed("unknown");
    this.coloured = this.points.map((point, index) => [point, this.scale.of(point, index)])
      .sort(([, a], [, b]) => (b === unknown) - (a === unknown));
    byId("legend").replaceChildren(...this.scale.legend(), ...this.reliefLegend());
    this.draw();
  }

  raise() {
    this.picture = this.relief && this.reliefName ? reliefPicture(this.relief, this.reliefName) : null;
    this.recolour(this.property);
  }

  reliefLegend() {
    const measured = this.relief?.measures[this.reliefName];
    if (!measured) return [];
    const more = matchMedia("(prefers-color-scheme: dark)").matches ? "brighter" : "darker";
    const [low, high] = [measured.low, measured.high].map((value) => String(value).replace("-", "−"));
    return [make("span", {}, `Relief: ${this.reliefName}, ${low} to ${high} ${measured.unit}, ${more} is more`)];
  }

  // --- places and pixels ---------------------------------------------------------------------

  toPixels(x, y) {
    const [x0, y0, x1, y1] = this.extent;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return [(x - x0) / (x1 - x0) * width, (y1 - y) / (y1 - y0) * height];
  }

  toPlace(left, top) {
    const [x0, y0, x1, y1] = this.extent;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const inside = (share) => Math.min(Math.max(share, 0), 1);
    return [x0 + inside(left / width) * (x1 - x0), y1 - inside(top / height) * (y1 - y0)];
  }

  /** Index of the note under a finger, or null. */
  pointAt(left, top) {
    const found = this.nearest(this.points, left, top);
    return found < 0 ? null : found;
  }

  /** The player's preset under a finger, if there is one. */
  ownAt(left, top) {
    return this.own[this.nearest(this.own, left, top)];
  }

  nearest(places, left, top) {
    let [found, least] = [-1, REACH];
    places.forEach((place, index) => {
      const [x, y] = this.toPixels(place.x, place.y);
      const distance = Math.hypot(x - left, y - top);
      if (distance < least) [found, least] = [index, distance];
    });
    return found;
  }

  // --- drawing -------------------------------------------------------------------------------

  draw() {
    if (this.wanted) return;
    this.wanted = true;
    requestAnimationFrame(() => {
      this.wanted = false;
      this.paint();
    });
  }

  paint() {
    const { context, width, height } = fitted(this.canvas);
    const { width: across, height: down } = this.canvas;
    if (!across || !down) return;
    if (this.ground?.width !== across || this.ground?.height !== down) {
      this.ground = this.painted(across, down, width, height);
    }
    context.drawImage(this.ground, 0, 0, width, height);
    if (this.state) this.paintState(context);
  }

  /** What doesn't move, as a picture of its own: the relief and the notes. */
  painted(across, down, width, height) {
    const ground = make("canvas", { width: across, height: down });
    const context = ground.getContext("2d");
    context.scale(across / width, down / height);
    if (this.picture) {
      context.imageSmoothingQuality = "high";
      context.drawImage(this.picture, 0, 0, width, height);
    }
    const sheet = themed("sheet");
    for (const [point, colour] of this.coloured) {
      const [x, y] = this.toPixels(point.x, point.y);
      context.beginPath();
      context.arc(x, y, POINT, 0, 2 * Math.PI);
      context.fillStyle = colour;
      context.fill();
      context.lineWidth = 1;
      context.strokeStyle = sheet;
      context.stroke();
    }
    return ground;
  }

  paintState(context) {
    const { marks, nearest, placed } = this.state;
    const [accent, ink, sheet] = ["accent", "ink", "sheet"].map(themed);
    const [a, b] = marks.map((mark) => mark && this.toPixels(...mark));
    if (a && b) this.line(context, [a, b], accent, [5, 5]);
    if (this.path.length > 1) this.line(context, this.path.map((at) => this.toPixels(at[1], at[2])), accent, []);
    [[a, "A"], [b, "B"]].forEach(([at, name]) => at && badge(context, at, name, accent, sheet));
    for (const { x, y } of this.own) diamond(context, this.toPixels(x, y), accent, sheet);
    const [x, y] = this.toPixels(...(this.cursor ?? [this.state.x, this.state.y]));
    if (!this.cursor) {
      const near = this.points[nearest];
      this.line(context, [[x, y], this.toPixels(near.x, near.y)], ink, [2, 3]);
    }
    ring(context, x, y, 11, sheet, 5);
    ring(context, x, y, 11, ink, 2.5);
    context.fillStyle = placed ? ink : sheet;
    context.beginPath();
    context.arc(x, y, 3, 0, 2 * Math.PI);
    context.fill();
    if (!placed) ring(context, x, y, 3, ink, 1.5);
  }

  line(context, pixels, colour, dashes) {
    context.save();
    context.setLineDash(dashes);
    context.strokeStyle = colour;
    context.lineWidth = 1.6;
    context.lineJoin = "round";
    context.beginPath();
    pixels.forEach(([x, y]) => context.lineTo(x, y));
    context.stroke();
    context.restore();
  }
}

function ring(context, x, y, radius, colour, width) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

function diamond(context, [x, y], colour, edge) {
  context.beginPath();
  [[0, -OWN], [OWN, 0], [0, OWN], [-OWN, 0]].forEach(([right, down]) => context.lineTo(x + right, y + down));
  context.closePath();
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = edge;
  context.stroke();
}

function badge(context, [x, y], text, colour, on) {
  context.beginPath();
  context.arc(x, y, 9, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.fillStyle = on;
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x, y + 0.5);
}

function bounds(points) {
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
