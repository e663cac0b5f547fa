// Morph, axes, and where notes come from.

import { byId, make } from "./words.js";

export class Controls {
  constructor(hello, wire) {
    this.wire = wire;
    this.touched = null; // the slider under the finger isn't moved by what comes back
    for (const kind of ["random", "near", "undo", "panic"]) {
      byId(kind).addEventListener("click", () => wire.send(kind));
    }
    byId("mark-a").addEventListener("click", () => wire.send("mark", { end: 0 }));
    byId("mark-b").addEventListener("click", () => wire.send("mark", { end: 1 }));
    this.morph = byId("morph");
    this.watch(this.morph, (value) => wire.soon("morph", { share: 1 - value }));
    this.knobs = hello.axes.map((label, axis) => this.knob(numbered(hello.axes, axis), axis));
    byId("preset").replaceChildren(...hello.presets.map(({ name, description }, value) =>
      make("option", { value, textContent: name, title: description })));
    byId("layout").replaceChildren(...hello.layouts.map((name) => make("option", { textContent: name })));
    byId("layout").addEventListener("change", ({ target }) => wire.send("layout", { layout: target.value }));
    byId("layout-choice").hidden = hello.layouts.length < 2;
    byId("preset").addEventListener("change", (event) => wire.send("preset", { preset: Number(event.target.value) }));
    for (const radio of document.querySelectorAll("[name=source]")) {
      radio.addEventListener("change", () => wire.send(radio.value === "free" ? "free" : "here"));
    }
  }

  /** What a controller can be learned for; λ comes before the axes. */
  get sliders() {
    const knobs = this.knobs.map(({ label, place }, slider) => ({ slider, label, place }));
    return [{ slider: -1, label: "Morph", place: byId("morph-learn") }, ...knobs];
  }

  knob(label, axis) {
    // No <output>: it would take the label's name from the slider, and be read aloud all the time.
    const shown = make("data", { ariaHidden: "true" });
    const input = make("input", { type: "range", min: 0, max: 1, step: 0.005 });
    const name = make("span", {}, label, shown);
    const place = make("div", {}, make("label", {}, name, input));
    byId("knobs").append(place);
    this.watch(input, (position) => this.wire.soon("knob", { axis, position }, axis));
    return { input, shown, label, place };
  }

  watch(input, tell) {
    input.addEventListener("input", () => {
      this.touched = input;
      tell(Number(input.value));
    });
    for (const end of ["change", "pointerup", "blur"]) {
      input.addEventListener(end, () => (this.touched = null));
    }
  }

  show(state) {
    state.knobs.forEach((position, axis) => {
      const { input, shown } = this.knobs[axis];
      if (this.touched !== input) input.value = position;
      shown.textContent = position.toFixed(2);
    });
    const [a, b] = state.marks;
    byId("mark-a").classList.toggle("set", a !== null);
    byId("mark-b").classList.toggle("set", b !== null);
    this.morph.disabled = !(a && b);
    if (this.touched !== this.morph) this.morph.value = 1 - state.share;
    const share = `λ = ${state.share.toFixed(2)}`;
    byId("share").textContent = a && b ? share : "";
    this.morph.setAttribute("aria-valuetext", share);
    byId("morph-help").hidden = Boolean(a && b);
    byId("undo").disabled = state.undo === 0;
    byId("preset").value = state.preset;
    byId("layout").value = state.layout;
    document.querySelector(`[name=source][value=${state.placed ? "place" : "free"}]`).checked = true;
  }
}

/** A label, with a number where another axis has the same. */
function numbered(labels, axis) {
  const same = labels.slice(0, axis + 1).filter((label) => label === labels[axis]).length;
  return same > 1 ? `${labels[axis]} ${same}` : labels[axis];
}
