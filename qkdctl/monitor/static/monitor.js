"use strict";
// All sessions of this machine.

const EVERY_MS = 1000;
const FROM_ZERO = { rangemode: "tozero" };
const LAST_BLOCKS = 8;
const LONG_S = 600; // then blocks are shown over time instead of one by one
const cards = new Map();

const percent = (value) => (value === null || value === undefined ? "" : `${shown(100 * value, 2)} %`);
const mebibytes = (bytes) => (bytes === undefined ? "" : `${shown(bytes / 2 ** 20, 1)} MiB`);
const large = (count) => (count >= 1e7 ? `${shown(count / 1e6, 1)} M` : shown(count));
const hertz = (rate) => (rate >= 1e6 ? `${shown(rate / 1e6, 2)} M` : rate >= 1e3 ? `${shown(rate / 1e3, 1)} k` : shown(rate));

const drift = (ppb) => (Math.abs(ppb) >= 1000 ? `${shown(ppb / 1000, 2)} ppm` : `${shown(ppb, 1)} ppb`);

const lasting = (s) => (s < 600 ? `${shown(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min`
  : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`);
const clockTime = (session, t) => new Date(Date.parse(session.started) + 1000 * t).toLocaleTimeString("en-GB");

const OUTCOMES = { key: "key", refused: "refused", aborted: "aborted" };
const table = (card, name, head, lines) => rows(card.querySelector(`table.${name}`), head, lines, OUTCOMES, /^[\d.,]+( %)?$/);

function tile(card, name, value, text, bad) {
  const box = card.querySelector(`.tile.${name}`);
  box.querySelector("b").textContent = value;
  if (text) box.querySelector("span").textContent = text;
  box.classList.toggle("bad", Boolean(bad));
}

function tiles(card, session) {
  const teller = session.nodes[session.teller], clock = session.clock.now;
  const tested = session.blocks.filter((block) => block.qber_test !== null).at(-1);
  tile(card, "key", large(session.secret_bits));
  tile(card, "qber", tested ? percent(tested.qber_test) : "–", `QBER ${session.beacon.test_basis}` +
    (tested ? `, block ${tested.id}` : ""), tested && tested.qber_test > 0.08);
  const total = Object.entries(teller.rates).reduce((sum, [name, rate]) => (name.endsWith("_hz") ? sum + rate : sum), 0);
  tile(card, "counts", hertz(total), null, session.alarms.some((alarm) => /-drop$/.test(alarm.name)));
  tile(card, "clock", "drift_ppb" in clock ? drift(clock.drift_ppb) : "–",
    "offset_ps" in clock ? `clock drift; offset ${shown(clock.offset_ps / 1e9, 3)} ms` : "clock not locked");
}

function level(card, session) {
  const stores = Object.values(session.nodes).map((node) => node.store).filter((store) => "bits" in store);
  const least = Math.min(...stores.map((store) => store.bits)), spare = Math.min(...stores.map((store) => store.authentication_keys));
  tile(card, "store", stores.length ? large(least) : "–", stores.length
    ? `bits in the key store; ${shown(spare)} authentication keys left` : "key store");
}

// Key of the last blocks: of one alone it would jump.
function keyRate(card, session) {
  const { t_s: times, secret_bits: secret = [], sifted_bits: sifted = [] } = session.history;
  const first = Math.max(times.length - LAST_BLOCKS - 1, 0), lasted = times.at(-1) - times[first];
  const pace = (sums) => (sums.at(-1) - sums[first]) / lasted;
  tile(card, "rate", lasted > 0 ? hertz(pace(secret)) : "–", lasted > 0
    ? `secret bits per second, of ${hertz(pace(sifted))} sifted` : "secret bits per second");
}

// Seconds, minutes or hours, as fits what there is to see.
function timeAxis(elapsed) {
  const [title, unit] = elapsed < 300 ? ["seconds", 1] : elapsed < 3 * 3600 ? ["minutes", 60] : ["hours", 3600];
  return { title: { text: title }, of: (times) => times.map((t) => t / unit) };
}

// What grew from one point to the next, for each second between them.
function pace(times, sums) {
  return sums.map((sum, i) => (i && times[i] > times[i - 1] ? (sum - sums[i - 1]) / (times[i] - times[i - 1]) : null));
}

// At least so much of an axis: what a clock that keeps still does within it is noise.
const LEAST_PPB = 2, LEAST_PS = 2000;

function around(values, least) {
  const low = Math.min(...values), high = Math.max(...values), more = Math.max((least - (high - low)) / 2, 0.05 * (high - low));
  return [low - more, high + more];
}

// Drift to the left and offset to the right, each in a unit that fits.
function clockOverTime(card, session, axis) {
  const { t_s: times, offset_ps: offset = [], drift_ppb: ppb = [] } = session.clock.history, x = axis.of(times);
  const most = offset.reduce((so, value) => Math.max(so, Math.abs(value)), 0);
  const [unit, ps] = most >= 1e9 ? ["ms", 1e9] : most >= 1e6 ? ["µs", 1e6] : ["ns", 1e3];
  const drawn = layout({ title: axis.title }, { title: { text: "drift (ppb)", font: { color: colour("c0") } } });
  drawn.yaxis.range = times.length ? around(ppb, LEAST_PPB) : undefined;
  drawn.yaxis.tickformat = ",~f";
  drawn.yaxis2 = { ...drawn.yaxis, title: { text: `offset (${unit})`, font: { color: colour("c1") } }, overlaying: "y",
    side: "right", tickmode: "auto", showgrid: false,
    range: times.length ? around(offset, LEAST_PS).map((value) => value / ps) : undefined };
  drawn.margin = { ...drawn.margin, l: 72, r: 72 };
  const line = (y, name, c, dash, yaxis) => ({ x, y, name, yaxis, mode: times.length > 1 ? "lines" : "markers",
    line: { color: colour(c), width: 2, dash } });
  Plotly.react(card.querySelector(".drifts"), [line(ppb, "drift", "c0", "solid", "y"),
    line(offset.map((value) => value / ps), "offset", "c1", "dot", "y2")], drawn, OPTIONS);
}

function blocksOverTime(card, session, axis) {
  const told = session.history, x = axis.of(told.t_s);
  const line = (y, name, c) => ({ x, y, name, mode: "lines", line: { color: colour(c), width: 2 } });
  const errors = layout({ title: axis.title }, FROM_ZERO);
  errors.yaxis.tickformat = ".1%";
  card.querySelector(".errors").previousElementSibling.textContent = "Error rates";
  Plotly.react(card.querySelector(".errors"), [
    line(told.qber_test, `test basis ${session.beacon.test_basis}`, "c1"),
    line(told.qber_key, `key basis ${session.beacon.key_basis}`, "c0")], errors, OPTIONS);
  card.querySelector(".bits").previousElementSibling.textContent = "Key rates";
  Plotly.react(card.querySelector(".bits"), [
    line(pace(told.t_s, told.sifted_bits), "sifted", "c5"), line(pace(told.t_s, told.secret_bits), "secret", "c2")],
    layout({ title: axis.title }, { ...FROM_ZERO, title: { text: "bits per second" } }), OPTIONS);
}

function plots(card, session) {
  const axis = timeAxis(session.elapsed_s), lines = [];
  for (const [party, table] of Object.entries(session.rates)) {
    for (const name of Object.keys(table).filter((each) => each.endsWith("_hz")).sort()) {
      lines.push({ x: axis.of(table.t_s), y: table[name], mode: "lines", name: `${party} ${name.replace(/^channel_|_hz$/g, "")}`,
        line: { color: colour(`c${lines.length % 6}`), width: 2 } });
    }
  }
  Plotly.react(card.querySelector(".rates"), lines, layout({ title: axis.title }, { ...FROM_ZERO, title: { text: "per second" } }), OPTIONS);
  clockOverTime(card, session, axis);
  if (session.elapsed_s < LONG_S || session.history.t_s.length < 3) blocksOneByOne(card, session);
  else blocksOverTime(card, session, axis);
}

function blocksOneByOne(card, session) {
  const numbers = session.blocks.map((block) => block.id);
  const of = (field) => session.blocks.map((block) => block[field]);
  const point = (field, name, c, symbol) => ({ x: numbers, y: of(field), name, mode: "lines+markers",
    line: { color: colour(c) }, marker: { symbol, size: 9 } });
  const whole = { dtick: numbers.length < 12 ? 1 : undefined, title: { text: "block" } };
  const errors = layout(whole, FROM_ZERO);
  errors.yaxis.tickformat = ".1%";
  Plotly.react(card.querySelector(".errors"), [
    point("qber_test", `test basis ${session.beacon.test_basis}`, "c1", "circle"),
    point("qber_key", `key basis ${session.beacon.key_basis}`, "c0", "diamond")], errors, OPTIONS);
  const bar = (field, name, c) => ({ x: numbers, y: of(field), name, type: "bar", marker: { color: colour(c) } });
  Plotly.react(card.querySelector(".bits"), [bar("sifted_bits", "sifted", "c5"), bar("secret_bits", "secret", "c2")],
    layout(whole, FROM_ZERO), OPTIONS);
}

function tables(card, session) {
  table(card, "nodes", null, Object.entries(session.nodes).map(([party, node]) => [party, node.state]));
  table(card, "blocks", ["block", "sifted", "QBER", "outcome", "secret", "why not"],
    session.blocks.slice(-LAST_BLOCKS).map((block) => [String(block.id), shown(block.sifted_bits), percent(block.qber_test), block.outcome,
      shown(block.secret_bits), block.reason || ""]));
  table(card, "instruments", null, Object.entries(session.instruments).map(([place, told]) =>
    [place, told.identity, told.emulated === "yes" ? "emulated" : told.emulated === "no" ? "real" : ""]));
  table(card, "load", ["process", "CPU", "queue full", "memory"], Object.entries(session.nodes).flatMap(([party, node]) =>
    Object.entries(node.load).map(([process, load]) => [`${party} ${process}`, percent(load.busy), percent(load.queued), mebibytes(load.allocated_bytes)])));
  table(card, "happened", null, session.log.slice().reverse().map(([t, party, line]) => [clockTime(session, t), party, line]));
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
  card.querySelector(".state").textContent = session.over ? "over" : `${lasting(session.elapsed_s)}; ${session.teller === "bob" ? "Bob" : "Alice"}: ${session.nodes[session.teller].state}`;
  alarmsIn(card.querySelector(".alarms"), session.alarms);
  tiles(card, session);
  keyRate(card, session);
  level(card, session);
  tables(card, session);
  plots(card, session);
}

themed(() => { for (const card of cards.values()) card.drawn = ""; });
followed("state.json", EVERY_MS, (told) => {
  drawDesk(told.desk);
  for (const [key, card] of cards) if (!(key in told.sessions)) { card.remove(); cards.delete(key); }
  for (const [key, session] of Object.entries(told.sessions)) draw(key, session);
  document.getElementById("nothing").hidden = Object.keys(told.sessions).length > 0;
});
