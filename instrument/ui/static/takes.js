// Takes: recorded while it is played, rendered, heard, fetched and deleted.

import { askWhether, focus, focused } from "./ask.js";
import { byId, make } from "./words.js";

export class Takes {
  constructor(wire) {
    this.wire = wire;
    this.goesOn = false;
    this.items = new Map();
    byId("record").addEventListener("click", () => wire.send("record", { on: !this.goesOn }));
  }

  recording({ name }) {
    this.goesOn = Boolean(name);
    byId("record").setAttribute("aria-pressed", this.goesOn);
    this.tick(0);
  }

  /** Show how long it goes on, by the server's clock: this computer's may be another one. */
  tick(seconds) {
    const [shown, text] = [byId("recorded"), this.goesOn ? length(Math.floor(seconds ?? 0)) : ""];
    if (shown.textContent !== text) shown.textContent = text;
  }

  take({ takes, rendering, share, error }) {
    const before = this.items;
    this.items = new Map(takes.map((take) => [take.name, this.item(take, before.get(take.name))]));
    this.lay(before);
    for (const [name, { render, element }] of this.items) {
      const goes = name === rendering;
      if (!render) continue;
      render.textContent = goes ? `${Math.round(100 * share)} %` : "Render";
      render.setAttribute("aria-disabled", Boolean(rendering));
      element.setAttribute("aria-busy", goes);
    }
    byId("takes-none").hidden = takes.length > 0;
    const done = this.rendering && !rendering;
    if (done) byId("takes-said").textContent = error || "It is rendered.";
    else if (rendering && !this.rendering) byId("takes-said").textContent = "Rendering …";
    this.rendering = rendering;
  }

  /** Put the items into the list; those that stay aren't touched: one may be playing. */
  lay(before) {
    const list = byId("takes");
    const held = [...before].find(([, { element }]) => element.contains(focused()));
    const wanted = [...this.items.values()].map(({ element }) => element);
    for (const element of [...list.children]) if (!wanted.includes(element)) element.remove();
    wanted.forEach((element, i) => {
      if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
    });
    if (held && !held[1].element.isConnected) {
      const again = this.items.get(held[0])?.element.querySelector("audio, button");
      focus(again ?? byId("record"));
    }
  }

  /** The item of a take: the same element as long as nothing of it has changed. */
  item(take, before) {
    const key = JSON.stringify(take);
    if (before?.key === key) return before;
    const title = when(take.name);
    const parts = [make("span", { className: "when" }, title,
      make("small", { textContent: take.seconds === null ? "" : length(take.seconds) }))];
    let render = null;
    if (take.sound) {
      const audio = make("audio", { controls: true, preload: "none", src: `takes/${take.sound}` });
      audio.setAttribute("aria-label", `Take of ${title}`);
      parts.push(audio, link(take.sound, "WAV", title));
    } else {
      render = this.button("Render", `Render the take of ${title}`, () => {
        if (!this.rendering) this.wire.send("render", { name: take.name });
      });
      parts.push(render);
    }
    parts.push(link(take.name, "MIDI", title));
    parts.push(this.button("Delete", `Delete the take of ${title}`, async () => {
      if (await askWhether(`Delete the take of ${title}?`)) this.wire.send("delete", { name: take.name });
    }));
    return { key, render, element: make("li", {}, ...parts) };
  }

  button(text, label, act) {
    const element = make("button", { type: "button", className: "plain", textContent: text });
    element.setAttribute("aria-label", label);
    element.addEventListener("click", act);
    return element;
  }
}

function link(name, text, title) {
  const element = make("a", { href: `takes/${name}`, download: name, textContent: text });
  element.setAttribute("aria-label", `Fetch the take of ${title} as ${text}`);
  return element;
}

/** 2026-11-26 22:41:07, from a take's name. */
function when(name) {
  const [, day, hours, minutes, seconds, more] =
    name.match(/^take-(\d+-\d+-\d+)-(\d\d)(\d\d)(\d\d)(-\d+)?/) ?? [];
  return day ? `${day} ${hours}:${minutes}:${seconds}${more ? ` (${more.slice(1)})` : ""}` : name;
}

function length(seconds) {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
}
