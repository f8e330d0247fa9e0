"""The network's page and forecasts, made of what nodes have written down."""

import asyncio
import json
import time

import pytest
from aiohttp.test_utils import TestClient, TestServer

from qkdctl.network.forecast import forecast, next_key_s, runs_dry_s
from qkdctl.network.layout import Layout
from qkdctl.network.link_specs import BlockSpec, LinkSpec, ModelSpec
from qkdctl.network.page.board import LOW_BITS, NetworkBoard
from qkdctl.network.page.server import application
from qkdctl.network.prepare import prepare
from qkdctl.network.state import LinkState, NodeState, sole_process, write_state
from qkdctl.network.topology import load_topology
from tests.network.lab import packaged, run_qkdctl


def link(model=None, expected=()):
    return LinkSpec(
        "l", "modelled", "alice", "b", "b", "https://localhost:1", "store", model, expected=expected
    )


STEADY = ModelSpec("seed", block_s=10.0, block_bytes=100, gaps=((30.0, 41.0),), most_stored_bytes=1000)


def test_a_modelled_link_is_forecast_block_by_block():
    levels = forecast(link(STEADY), 50, 0.0, 60.0)
    assert [level for level in levels if level.at_s in (10.0, 20.0)][-1].free_bytes == 250
    # The gap takes the blocks that would be ready after 40 and 50 seconds.
    assert levels[-1] == (60.0, 50 + 3 * 100)


def test_no_more_comes_than_is_kept():
    assert forecast(link(STEADY), 950, 0.0, 1000.0)[-1].free_bytes == 1050


def test_a_link_that_is_used_more_than_it_makes_runs_dry_and_recovers():
    levels = forecast(link(STEADY), 50, 0.0, 60.0, taken_bytes_per_s=8.0)
    assert runs_dry_s(levels) == 10.0
    assert max(level.free_bytes for level in levels if level.at_s == 30.0) == 140
    assert runs_dry_s(forecast(link(STEADY), 50, 0.0, 30.0)) is None


def test_a_link_over_a_satellite_is_forecast_pass_by_pass():
    spec = link(expected=(BlockSpec(100.0, 500), BlockSpec(900.0, 700)))
    assert next_key_s(spec, 0.0, 1000.0) == 100.0
    assert next_key_s(spec, 901.0, 1000.0) is None
    assert forecast(spec, 0, 0.0, 1000.0)[-1].free_bytes == 1200


@pytest.fixture(scope="module")
def quartz(tmp_path_factory):
    """A network that was set up; two of its nodes have told of themselves."""
    home = tmp_path_factory.mktemp("page")
    (home / "quartz.toml").write_text(packaged("quartz"))
    prepare(load_topology(home / "quartz.toml"), home / "run", home)
    layout = Layout(home / "run")
    for node, other in (("betzdorf", "graz"), ("graz", "betzdorf")):
        links = (LinkState("betzdorf-graz", "satellite", other, True, 4000),)
        state = NodeState(node, "quartz", time.time(), 1000.0, "https://localhost:1", (), links, {"made": 3},
                          {"betzdorf quartz-1 graz": 2})  # fmt: skip
        write_state(layout.node(node), state)
    return layout


def test_the_board_shows_states_levels_and_alarms(quartz):
    with sole_process(quartz.node("betzdorf")), sole_process(quartz.node("graz")):
        figures = NetworkBoard(quartz.directory).figures()
    assert figures["name"] == "quartz"
    assert {node["name"]: node["up"] for node in figures["nodes"]} == {
        "betzdorf": True, "graz": True, "tenerife": False, "quartz-1": False,
    }  # fmt: skip
    links = {one["name"]: one for one in figures["links"]}
    assert (links["betzdorf-graz"]["up"], links["betzdorf-graz"]["bits"]) == (True, 32_000)
    assert links["betzdorf-graz"]["via"] == "quartz-1"
    assert links["betzdorf-graz"]["coming_bits"] == 0
    assert not links["graz-tenerife"]["up"]
    alarms = {(alarm["name"], alarm["subject"]) for alarm in figures["alarms"]}
    assert alarms == {("node-down", "tenerife"), ("node-down", "quartz-1"), ("link-low", "betzdorf-graz")}
    assert LOW_BITS > 32_000
    assert figures["keys_made"] == 6
    assert figures["routes"][0] == {"way": ["betzdorf", "quartz-1", "graz"], "times": 4}
    assert len({(node["x"], node["y"]) for node in figures["nodes"]}) == 4


def test_the_page_is_served_and_only_under_its_name(quartz):
    async def get():
        app = application(NetworkBoard(quartz.directory), frozenset({"127.0.0.1"}))
        async with TestClient(TestServer(app)) as client:
            bodies = {}
            for path in ("/", "/network.js", "/page.css", "/page.js", "/network.json"):
                response = await client.get(path)
                assert response.status == 200
                assert "default-src 'none'" in response.headers["Content-Security-Policy"]
                bodies[path] = await response.text()
            stranger = await client.get("/", headers={"Host": "example.org"})
            return bodies, stranger.status

    bodies, stranger = asyncio.run(get())
    assert stranger == 421
    assert json.loads(bodies["/network.json"])["links"]
    assert "network.js" in bodies["/"]


def test_the_forecast_in_words_and_figures(quartz):
    home = quartz.directory.parent
    figures = json.loads(
        run_qkdctl("network", "forecast", "--hours", "48", "--dir", "run", "--json", cwd=home).stdout
    )
    told = {one["name"]: one for one in figures["links"]}
    assert told["betzdorf-graz"]["bits"] == 32_000
    assert told["betzdorf-graz"]["next_key_h"] == pytest.approx(39.5, abs=0.5)
    assert told["betzdorf-graz"]["bits_then"] > 10**6
    assert "betzdorf-graz" in run_qkdctl("network", "forecast", "--dir", "run", cwd=home).stdout
