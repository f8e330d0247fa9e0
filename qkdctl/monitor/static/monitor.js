"use strict";
// The page asks for everything every second and draws it; it keeps nothing, so it can be reloaded at any time.

const EVERY_MS = 1000;
const root = document.documentElement;
const cards = new Map();

const shown = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const percent = (value) => (value === null || value === undefined ? "" : `${shown(100 * value, 2)} %`);
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const hertz = (rate) => (rate >= 1e6 ? `${shown(rate / 1e6, 2)} M` : rate >= 1e3 ? `${shown(rate / 1e3, 1)} k` : shown(rate));

const drift = (ppb) => (Math.abs(ppb) >= 1000 ? `${shown(ppb / 1000, 2)} ppm` : `${shown(ppb, 1)} ppb`);

function setTheme(theme) {
  root.dataset.theme = theme;
  for (const card of cards.values()) card.drawn = "";
}

function prefersDark() { return matchMedia("(prefers-color-scheme: dark)").matches; }

function rows(table, head, lines) {
  const row = (cells, kind) => {
    const tr = document.createElement("tr");
    for (const cell of cells) {
      const td = document.createElement(kind);
      td.textContent = cell;
      if (["key", "refused", "aborted"].includes(cell)) td.className = cell;
      else if (kind === "td" && /^[\d.,]+( %)?$/.test(cell)) td.className = "n";
      tr.append(td);
    }
    return tr;
  };
  table.replaceChildren(...(head ? [row(head, "th")] : []), ...lines.map((cells) => row(cells, "td")));
}

function tile(card, name, value, text, bad) {
  const box = card.querySelector(`.tile.${name}`);
  box.querySelector("b").textContent = value;
  if (text) box.querySelector("span").textContent = text;
  box.classList.toggle("bad", Boolean(bad));
}

function tiles(card, session) {
  const bob = session.nodes.bob, clock = bob.clock;
  const tested = session.blocks.filter((block) => block.qber_test !== null).at(-1);
  tile(card, "key", shown(session.secret_bits));
  tile(card, "qber", tested ? percent(tested.qber_test) : "–", `QBER ${session.beacon.test_basis}` +
    (tested ? `, block ${tested.id}` : ""), tested && tested.qber_test > 0.08);
  const total = Object.entries(bob.rates).reduce((sum, [name, rate]) => (name.endsWith("_hz") ? sum + rate : sum), 0);
  tile(card, "counts", hertz(total), null, session.alarms.some((alarm) => /-drop$/.test(alarm.name)));
  tile(card, "clock", "drift_ppb" in clock ? drift(clock.drift_ppb) : "–",
    "offset_ps" in clock ? `clock drift; offset ${shown(clock.offset_ps / 1e9, 3)} ms` : "clock not locked");
}

function level(card, session) {
  const stores = Object.values(session.nodes).map((node) => node.store).filter((store) => "bits" in store);
  const least = Math.min(...stores.map((store) => store.bits)), spare = Math.min(...stores.map((store) => store.authentication_keys));
  tile(card, "store", stores.length ? hertz(least) : "–", stores.length
    ? `bits in the key store; ${shown(spare)} authentication keys left` : "key store");
}

function alarms(card, session) {
  card.querySelector(".alarms").replaceChildren(...session.alarms.map((alarm) => {
    const box = document.createElement("div"), name = document.createElement("b"), advice = document.createElement("span");
    box.className = `alarm ${alarm.severity}`;
    name.textContent = `${alarm.name}: ${alarm.subject}`;
    advice.textContent = alarm.what_to_do;
    box.append(name, advice);
    return box;
  }));
}

function layout(y, more) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line") };
  return {
    margin: { l: 56, r: 8, t: 36, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("ink"), size: 13 }, showlegend: true, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    xaxis: { ...axis, ...more }, yaxis: { ...axis, title: { text: y }, rangemode: "tozero" }, uirevision: "kept",
  };
}

function plots(card, session) {
  const options = { displayModeBar: false, responsive: true };
  const lines = [];
  for (const [party, table] of Object.entries(session.rates)) {
    for (const name of Object.keys(table).filter((each) => each.endsWith("_hz")).sort()) {
      lines.push({ x: table.t_s, y: table[name], mode: "lines", name: `${party} ${name.replace(/^channel_|_hz$/g, "")}`,
        line: { color: colour(`c${lines.length % 6}`), width: 2 } });
    }
  }
  Plotly.react(card.querySelector(".rates"), lines, layout("per second", { title: { text: "seconds" } }), options);
  const numbers = session.blocks.map((block) => block.id);
  const of = (field) => session.blocks.map((block) => block[field]);
  const point = (field, name, c, symbol) => ({ x: numbers, y: of(field), name, mode: "lines+markers",
    line: { color: colour(c) }, marker: { symbol, size: 9 } });
  const whole = { dtick: numbers.length < 12 ? 1 : undefined, title: { text: "block" } };
  const errors = layout("", whole);
  errors.yaxis.tickformat = ".1%";
  Plotly.react(card.querySelector(".errors"), [
    point("qber_test", `test basis ${session.beacon.test_basis}`, "c1", "circle"),
    point("qber_key", `key basis ${session.beacon.key_basis}`, "c0", "diamond")], errors, options);
  const bar = (field, name, c) => ({ x: numbers, y: of(field), name, type: "bar", marker: { color: colour(c) } });
  Plotly.react(card.querySelector(".bits"), [bar("sifted_bits", "sifted", "c5"), bar("secret_bits", "secret", "c2")],
    layout("", whole), options);
}

function tables(card, session) {
  rows(card.querySelector("table.nodes"), null, Object.entries(session.nodes).map(([party, node]) => [party, node.state]));
  rows(card.querySelector("table.blocks"), ["block", "sifted", "QBER", "outcome", "secret", "why not"],
    session.blocks.slice(-8).map((block) => [String(block.id), shown(block.sifted_bits), percent(block.qber_test), block.outcome,
      shown(block.secret_bits), block.reason || ""]));
  rows(card.querySelector("table.instruments"), null, Object.entries(session.instruments).map(([place, told]) =>
    [place, told.identity, told.emulated === "yes" ? "emulated" : told.emulated === "no" ? "real" : ""]));
  rows(card.querySelector("table.load"), ["process", "CPU", "queue full"], Object.entries(session.nodes).flatMap(([party, node]) =>
    Object.entries(node.load).map(([process, load]) => [`${party} ${process}`, percent(load.busy), percent(load.queued)])));
  rows(card.querySelector("table.happened"), null, session.log.slice().reverse().map(([t, party, line]) => [`${shown(t, 1)} s`, party, line]));
}

function draw(key, session) {
  if (!cards.has(key)) {
    const card = document.getElementById("session").content.cloneNode(true).firstElementChild;
    document.getElementById("sessions").prepend(card);
    cards.set(key, card);
  }
  const card = cards.get(key);
  const drawn = JSON.stringify({ ...session, elapsed_s: 0 });
  if (card.drawn === drawn) return;
  card.drawn = drawn;
  card.classList.toggle("over", session.over);
  card.querySelector(".name").textContent = session.beacon.name;
  card.querySelector(".state").textContent = session.over ? "over" : `${shown(session.elapsed_s)} s; Bob: ${session.nodes.bob.state}`;
  alarms(card, session);
  tiles(card, session);
  level(card, session);
  tables(card, session);
  plots(card, session);
}

async function turn() {
  const heard = document.getElementById("heard");
  try {
    const told = await (await fetch("state.json")).json(), sessions = told.sessions;
    drawDesk(told.desk);
    for (const [key, card] of cards) if (!(key in sessions)) { card.remove(); cards.delete(key); }
    for (const [key, session] of Object.entries(sessions)) draw(key, session);
    document.getElementById("nothing").hidden = Object.keys(sessions).length > 0;
    heard.textContent = `as of ${new Date().toLocaleTimeString("en-GB")}`;
    heard.className = "";
  } catch (error) {
    heard.textContent = "the monitor does not answer; what stands here is old";
    heard.className = "lost";
  }
  setTimeout(turn, EVERY_MS);
}

setTheme(prefersDark() ? "dark" : "light");
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(prefersDark() ? "dark" : "light"));
document.getElementById("theme").addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
turn();
