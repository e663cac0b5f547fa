// The page: what the server says goes to the parts that show it.

import { Controls } from "./panel.js";
import { Curves } from "./curves.js";
import { Devices } from "./devices.js";
import { Examples } from "./examples.js";
import { Hands } from "./hands.js";
import { Keyboard } from "./keyboard.js";
import { Learn } from "./learn.js";
import { Levels } from "./levels.js";
import { NoteMap } from "./map.js";
import { Presets } from "./presets.js";
import { Notes } from "./notes.js";
import { Wire } from "./socket.js";
import { fillTable } from "./table.js";
import { Takes } from "./takes.js";
import { byId, make } from "./words.js";

const NOTICE_MS = 7000;
const SILENT_MS = 5000;
const BAD_MS = 4000; // so long a count that has risen is marked

const fading = {};

let parts = null;
let engine = null; // how what plays was told to be; null without a server
let heardAt = performance.now();
let silent = false;
let held = new Set();
let sounding = new Set();
let silenced = null;
let named = null; // the preset that was recalled, while the cursor stays there
let examples = new Map(); // what was heard in recordings, by the names of their presets

const wire = new Wire(hear, (open) => {
  if (!open) {
    trouble("The page has lost its server; looking for it … One that was started again has another address.");
    engine = null;
    forget();
    held = new Set();
    rest();
  }
});

const notes = new Notes(wire);

/** Nothing is held any more: the server or the sound has begun anew. */
function forget() {
  notes.forget();
  parts?.keyboard.forget();
}

/** Nothing sounds, as far as the page knows. */
function rest() {
  byId("voices").textContent = byId("load").textContent = "–";
  if (!parts) return;
  takes.voices({ voices: [] });
  parts.levels.rest();
}

function build(hello) {
  byId("name").textContent = hello.name;
  document.title = `Arco: ${hello.name}`;
  const map = new NoteMap(hello);
  const keyboard = new Keyboard(hello, notes);
  const hands = new Hands(map, wire, notes, () => held.size > 0 || curves.plays());
  const curves = new Curves(hello);
  fillTable(hello.points, hands);
  const presets = new Presets(wire, notice, hands, new Examples(hello));
  const controls = new Controls(hello, wire);
  const more = { learn: new Learn(controls.sliders, wire), levels: new Levels(), takes: new Takes(wire) };
  return { map, keyboard, hands, controls, presets, curves, ...more, devices: new Devices(wire) };
}

const takes = {
  hello: (hello) => (parts ??= build(hello)),
  state(state) {
    if (silenced !== state.silenced) forget();
    silenced = state.silenced;
    held = new Set(state.held);
    parts.map.show(state);
    parts.hands.show(state);
    parts.controls.show(state);
    named = state.named;
    parts.curves.beside(examples.get(named));
    parts.keyboard.show(held, sounding);
  },
  path: ({ path }) => parts.hands.take(path),
  curves: (curves) => parts.curves.take(curves),
  relief: (relief) => parts.map.take(relief),
  presets(content) {
    examples = new Map(content.presets.map(({ name }, i) => [name, content.examples[i] ?? undefined]));
    parts.curves.beside(examples.get(named));
    parts.presets.take(content);
    parts.map.takeOwn(content);
  },
  status(status) {
    byId("voices").textContent = status.voices;
    byId("load").textContent = `${Math.round(100 * status.load)} %`;
    count("late", status.late_frames);
    byId("late").title = `${status.late_notes ?? 0} notes began late`;
    count("underruns", status.underruns);
    parts.levels.take(status);
    parts.takes.tick(status.recorded);
  },
  voices({ voices }) {
    sounding = new Set(voices.map((voice) => voice.key));
    parts.curves.hear(voices);
    parts.keyboard.show(held, sounding);
  },
  engine(told) {
    engine = told;
    const { running, text, about, changing, silent: stalls } = told;
    if (about) byId("device").textContent = described(about);
    trouble(running ? text ?? "" : changing ? "The sound stops for a moment: the devices are changed …" :
      stalls ? "What plays doesn't answer; waiting for it …" : `No sound: ${text}. It is started again …`);
    if (!running) rest();
  },
  controllers: (state) => parts.learn.take(state),
  takes: (takes) => parts.takes.take(takes),
  recording: (recording) => parts.takes.recording(recording),
  devices: (devices) => parts.devices.take(devices),
  notice({ text, event }) {
    if (text) notice(text);
    else if (event.error) notice(event.error);
    else if (event.event === "input-opened") notice(`MIDI input: ${event.name}`);
    else if (event.event === "input-lost") notice(`MIDI input gone: ${event.name}`);
  },
};

// Held, Enter presses a button once: Record would begin and end takes by the dozen.
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && event.target.closest?.("button")) event.preventDefault();
});

function described({ device, api, sample_rate: rate, latency_seconds: inside, device_latency_seconds: through }) {
  if (!device) return "no sound device";
  const ms = (1000 * (inside + through)).toFixed(1);
  return `${device} (${api}) · ${rate / 1000} kHz · ${ms} ms`;
}

function hear(message) {
  heardAt = performance.now();
  if (silent) {
    silent = false;
    if (engine) takes.engine(engine);
  }
  takes[message.kind]?.(message);
}

// A server that is out of reach closes nothing; what plays is told of ten times a second.
setInterval(() => {
  if (silent || !engine?.running || performance.now() - heardAt < SILENT_MS) return;
  silent = true;
  trouble("The page hears nothing of its server; waiting for it …");
  rest();
}, 1000);

function count(id, value) {
  const shown = byId(id);
  if (value > Number(shown.textContent)) {
    shown.classList.add("bad");
    clearTimeout(fading[id]);
    fading[id] = setTimeout(() => shown.classList.remove("bad"), BAD_MS);
  }
  shown.textContent = value;
}

function trouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

function notice(text) {
  const shown = make("p", { textContent: text });
  byId("notices").append(shown);
  setTimeout(() => shown.remove(), NOTICE_MS);
}
