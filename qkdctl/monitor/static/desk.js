"use strict";
// The controls: shown only where the monitor has a desk, and of use only after the token was given.

const desk = document.getElementById("desk");
const ALLOWED = { idle: ["start", "recalibrate"], running: ["pause", "stop", "recalibrate"], paused: ["start", "stop", "recalibrate"] };

function drawDesk(told) {
  desk.hidden = !told;
  if (!told) return;
  desk.querySelector(".name").textContent = `Control of ${told.scenario}`;
  const left = told.state === "idle" ? "" : `; ${shown(told.left_s)} s left`;
  desk.querySelector(".state").textContent = told.state + (told.state === "paused" ? left : "");
  const said = desk.querySelector(".said");
  if (!said.classList.contains("refused")) said.textContent = told.said;
  desk.querySelector(".login").hidden = told.logged_in;
  desk.querySelector(".orders").hidden = !told.logged_in;
  for (const button of desk.querySelectorAll("[data-do]")) {
    button.disabled = !(ALLOWED[told.state] || []).includes(button.dataset.do);
  }
  const names = Object.keys(told.knobs), select = desk.querySelector("select");
  desk.querySelector(".fault").hidden = names.length === 0;
  if (select.length !== names.length) select.replaceChildren(...names.map((name) => new Option(name, name)));
  for (const option of select.options) option.textContent = `${option.value} (now ${told.knobs[option.value]})`;
}

async function post(path, what) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
  const said = desk.querySelector(".said");
  said.classList.toggle("refused", !answer.ok);
  if (!answer.ok) said.textContent = await answer.text();
}

desk.querySelector(".login").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = event.target.querySelector("input");
  post("login", { token: input.value });
  input.value = "";
});
for (const button of desk.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => post("order", { do: button.dataset.do }));
}
desk.querySelector(".fault").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = event.target.querySelector("input").value.trim().toLowerCase();
  const value = text === "true" || text === "false" ? text === "true" : Number(text);
  post("order", { do: "set", knob: event.target.querySelector("select").value, value });
});
