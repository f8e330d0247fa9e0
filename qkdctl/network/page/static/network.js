"use strict";
// The page asks for everything every two seconds and draws it; it keeps nothing, so it can be reloaded at any time.

const EVERY_MS = 2000;
const MOST_LINES = 6;
const root = document.documentElement;
const at = (id) => document.getElementById(id);
const shown = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits });
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const bits = (value) => (value >= 1e6 ? `${shown(value / 1e6, 1)} Mbit` : `${shown(value / 1e3, 1)} kbit`);

function rows(table, head, lines) {
  const row = (cells, kind) => {
    const tr = document.createElement("tr");
    for (const cell of cells) {
      const td = document.createElement(kind);
      td.textContent = cell;
      if (cell === "up" || cell === "runs") td.className = "key";
      else if (cell === "down") td.className = "refused";
      else if (kind === "td" && /^[\d.,]+( [kM]bit)?$/.test(cell)) td.className = "n";
      tr.append(td);
    }
    return tr;
  };
  table.replaceChildren(row(head, "th"), ...lines.map((cells) => row(cells, "td")));
}

function tile(id, value, bad) {
  at(id).querySelector("b").textContent = value;
  at(id).classList.toggle("bad", Boolean(bad));
}

function alarms(list) {
  at("alarms").replaceChildren(...list.map((alarm) => {
    const box = document.createElement("div"), name = document.createElement("b"), advice = document.createElement("span");
    box.className = `alarm ${alarm.severity}`;
    name.textContent = `${alarm.name}: ${alarm.subject}`;
    advice.textContent = alarm.what_to_do;
    box.append(name, advice);
    return box;
  }));
}

function layout(more) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line") };
  return {
    margin: { l: 56, r: 8, t: 36, b: 44 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("ink"), size: 13 }, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis }, uirevision: "kept", showlegend: more.legend ?? true,
  };
}

const options = { displayModeBar: false, responsive: true };

function graph(figures) {
  const place = new Map(figures.nodes.map((node) => [node.name, node]));
  const used = new Set(figures.routes.flatMap((route) => route.way.slice(1).map((node, i) => [route.way[i], node].sort().join(" "))));
  const lines = [...figures.links].sort((a, b) => a.up - b.up).flatMap((link) => {
    const stops = link.via ? [link.ends[0], link.via, link.ends[1]] : link.ends;
    return stops.slice(1).map((stop, i) => {
      const [a, b] = [place.get(stops[i]), place.get(stop)];
      const busy = used.has([a.name, b.name].sort().join(" "));
      return { x: [a.x, b.x], y: [a.y, b.y], mode: "lines", hoverinfo: "text", text: `${link.name}: ${link.up ? bits(link.bits) : "down"}`,
        line: { color: link.up ? colour(busy ? "c0" : "dim") : colour("bad"), width: busy ? 4 : 2, dash: link.via ? "dash" : link.up ? "solid" : "dot" } };
    });
  });
  const nodes = { x: figures.nodes.map((node) => node.x), y: figures.nodes.map((node) => node.y), mode: "markers+text",
    text: figures.nodes.map((node) => node.name), textposition: "top center", hoverinfo: "text",
    hovertext: figures.nodes.map((node) => `${node.name}, ${node.domain}: ${node.saes.join(", ") || "no applications"}`),
    marker: { size: 14, color: figures.nodes.map((node) => colour(node.up ? "good" : "bad")),
      symbol: figures.nodes.map((node) => (node.domain === "in orbit" ? "star" : "circle")) } };
  const bare = { visible: false };
  Plotly.react(at("graph"), [...lines, nodes], { ...layout({ xaxis: bare, yaxis: bare, legend: false }), margin: { l: 8, r: 8, t: 24, b: 8 } }, options);
}

function curves(figures) {
  const least = [...figures.links].sort((a, b) => a.bits - b.bits).slice(0, MOST_LINES);
  const line = (link, i, x, y, shape) => ({ x, y, mode: "lines", name: link.name, line: { color: colour(`c${i % 6}`), width: 2, shape } });
  const level = { yaxis: { title: { text: "bits" }, rangemode: "tozero" } };
  Plotly.react(at("levels"), least.map((link, i) => line(link, i, link.levels.at, link.levels.bits)), layout(level), options);
  const ahead = least.map((link, i) => line(link, i, link.forecast.hours, link.forecast.bits, "hv"));
  Plotly.react(at("ahead"), ahead, layout({ ...level, xaxis: { title: { text: "hours of scenario time" } } }), options);
}

function draw(figures) {
  at("name").textContent = figures.name;
  alarms(figures.alarms);
  const up = (list) => list.filter((one) => one.up).length;
  tile("nodes-up", `${up(figures.nodes)} of ${figures.nodes.length}`, up(figures.nodes) < figures.nodes.length);
  tile("links-up", `${up(figures.links)} of ${figures.links.length}`, up(figures.links) < figures.links.length);
  tile("made", shown(figures.keys_made));
  tile("waiting", shown(figures.keys_waiting));
  rows(at("links"), ["link", "between", "kind", "", "key", "in a day"], figures.links.map((link) => [
    link.name, [link.ends[0], ...(link.via ? [link.via] : []), link.ends[1]].join(" – "), link.kind, link.up ? "up" : "down",
    bits(link.bits), link.coming_bits > 0 ? `+ ${bits(link.coming_bits)}` : "–"]));
  rows(at("nodes"), ["node", "domain", "", "applications", "keys"], figures.nodes.map((node) => [
    node.name, node.domain, node.up ? "runs" : "down", node.saes.join(", "), shown(node.keys.made ?? node.keys.published ?? 0)]));
  rows(at("routes"), ["way", "times"], figures.routes.map((route) => [route.way.join(" – "), shown(route.times)]));
  graph(figures);
  curves(figures);
}

async function look() {
  const heard = at("heard");
  try {
    const answer = await fetch("network.json");
    if (!answer.ok) throw new Error(answer.statusText);
    draw(await answer.json());
    heard.className = "";
    heard.textContent = `as of ${new Date().toLocaleTimeString()}`;
  } catch (error) {
    heard.className = "lost";
    heard.textContent = `no answer since then: ${error.message}`;
  }
}

at("theme").addEventListener("click", () => {
  const dark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  root.dataset.theme = dark ? "light" : "dark";
  look();
});
root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
look();
setInterval(look, EVERY_MS);
