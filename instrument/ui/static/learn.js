// Controllers of the player's hardware: learned for a slider, shown, and forgotten.

import { asking } from "./ask.js";
import { byId, make } from "./words.js";

export class Learn {
  /** @param sliders - what can be learned: {slider, label, place}, an element that the row goes into. */
  constructor(sliders, wire) {
    this.wire = wire;
    this.state = { learning: null, one_way: false, learned: [] };
    this.rows = new Map(sliders.map((each) => [each.slider, this.row(each)]));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.state.learning !== null && !asking()) wire.send("give_up");
    });
  }

  row({ slider, label, place }) {
    const bound = make("span", { className: "bound" });
    const button = make("button", { type: "button", className: "plain", textContent: "Learn" });
    button.setAttribute("aria-label", `Learn a controller for ${label}`);
    button.setAttribute("aria-pressed", false);
    button.addEventListener("click", () =>
      this.state.learning === slider ? this.wire.send("give_up") : this.wire.send("learn", { slider }));
    const forget = make("button", { type: "button", className: "plain", textContent: "Forget" });
    forget.setAttribute("aria-label", `Forget the controller for ${label}`);
    forget.addEventListener("click", () => {
      this.wire.send("forget", { slider });
      this.after = button;
    });
    place.append(make("div", { className: "learn" }, bound, button, forget));
    return { label, bound, button, forget };
  }

  take(state) {
    const before = this.state;
    this.state = state;
    const learned = new Map(state.learned.map(([slider, ...bound]) => [slider, worded(...bound)]));
    for (const [slider, { bound, button, forget }] of this.rows) {
      const waits = state.learning === slider;
      bound.textContent = waits ? (state.one_way ? "The other way, too …" : "Move it …") : learned.get(slider) ?? "";
      button.textContent = waits ? "Give up" : "Learn";
      button.setAttribute("aria-pressed", waits);
      const shown = learned.has(slider) && !waits;
      const focused = document.activeElement === (shown ? button : forget);
      [button.hidden, forget.hidden] = [shown, !shown];
      if (focused) (shown ? forget : button).focus();
    }
    this.say(before, learned);
  }

  say(before, learned) {
    const { learning, one_way: oneWay } = this.state;
    if (learning !== null && (learning !== before.learning || oneWay !== before.one_way)) {
      const { label } = this.rows.get(learning);
      byId("learn-said").textContent = oneWay ? "Turn it the other way, too." :
        `${label}: move a controller. Escape gives up.`;
    } else if (before.learning !== null && learning === null) {
      const bound = learned.get(before.learning);
      const { label } = this.rows.get(before.learning);
      byId("learn-said").textContent = bound ? `${label}: ${bound}.` : "";
    }
  }
}

function worded(controller, channel) {
  return `CC ${controller}, ${channel ? `channel ${channel}` : "all channels"}`;
}
