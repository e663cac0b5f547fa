// All notes as a table: what the map shows, for who can't see it.

import { byId, described, make, pitch } from "./words.js";

const HEARD_MS = 1500;

export function fillTable(points, hands) {
  const details = byId("notes");
  details.addEventListener("toggle", () => {
    if (!details.open || byId("notes-body").children.length) return;
    const order = points.map((_, index) => index).sort((a, b) => points[a].midi - points[b].midi);
    byId("notes-body").append(...order.map((index) => row(points[index], index, hands)));
  });
}

function row(point, index, hands) {
  const button = make("button", { type: "button", textContent: "Play" });
  button.setAttribute("aria-label", `Play ${described(point)}`);
  button.addEventListener("click", () => {
    hands.play(index);
    hands.silenceIn(HEARD_MS);
  });
  return make("tr", {},
    make("th", { scope: "row", textContent: pitch(point.midi) }),
    make("td", { textContent: point.dynamic || "–" }),
    make("td", { textContent: point.string || "–" }),
    make("td", { textContent: point.vibrato.toFixed(1) }),
    make("td", {}, button));
}
