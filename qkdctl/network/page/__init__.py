"""A page of the network in the browser: graph, links, key levels and forecasts, routes in use, alarms."""
