"""Every command: where its function is, and its help in one line (the first of its docstring)."""

from __future__ import annotations

from typing import Final

from scrai.cli._lazy import Branch, Entries, Leaf, World

_SIMULATION: Final = {
    "create": Leaf("_create:create", "Create a simulation of a scenario."),
    "list": Leaf("_look:list_simulations", "List simulations, newest first."),
    "show": Leaf("_look:show", "Show where a simulation stands, what it holds and who runs it."),
    "start": Leaf("_step:start", "Run the first phase of a new simulation."),
    "advance": Leaf("_step:advance", "Run one phase."),
    "cycle": Leaf("_step:cycle", "Run phases until the cycle is complete."),
    "run": Leaf("_step:run", "Run cycles, to the end unless told how many."),
    "configure": Leaf("_mediation:configure", "Change a simulation's own settings and policies."),
    "pause": Leaf("_steer:pause", "Let a simulation rest where it stands."),
    "resume": Leaf("_steer:resume", "Let a paused or failed simulation go on."),
    "stop": Leaf("_steer:stop", "End a simulation for good."),
    "log": Leaf("_look:log", "Print what happened, line by line."),
    "history": Leaf("_look:history", "List the steps that led to the present state."),
    "diff": Leaf("_travel:diff", "Show what changed between two places of a history."),
    "branch": Leaf("_travel:branch", "Start another line from any step of a simulation."),
    "restore": Leaf("_travel:restore", "Go back to an earlier state; nothing is cut off."),
    "replay": Leaf("_travel:replay", "Run a simulation again in memory and compare every hash."),
    "costs": Leaf(
        "_costs:costs", "Show what a simulation's calls to models did cost, taken apart."
    ),
    "delete": Leaf("_steer:delete", "Delete simulations with all that belongs to them."),
    "export": Leaf(
        "_files:export", "Write a table, the whole simulation, or its calls to models, to a file."
    ),
    "import": Leaf("_files:import_", "Bring an exported simulation into this database."),
}

_ACTION: Final = {
    "inject": Leaf("_action:inject", "Put an action into a simulation."),
    "list": Leaf("_action:list_actions", "List the actions of a simulation."),
    "show": Leaf("_action:show", "Show one action."),
    "approve": Leaf("_action:approve", "Let an action that waits for approval pass."),
    "reject": Leaf("_action:reject", "Cancel an action that waits for approval."),
    "modify": Leaf("_action:modify", "Let an action that waits for approval pass, changed."),
    "escalate": Leaf("_action:escalate", "Let an action wait on, for somebody higher."),
    "terminate": Leaf("_action:terminate", "Cancel an action and end its simulation."),
    "cancel": Leaf("_action:cancel", "Cancel an action that is not finished."),
}

_EVENT: Final = {
    "inject": Leaf("_event:inject", "Put an event into a simulation."),
    "list": Leaf("_event:list_events", "List the events of a simulation."),
    "show": Leaf("_event:show", "Show one event."),
    "approve": Leaf("_event:approve", "Let an event that waits for approval pass."),
    "reject": Leaf("_event:reject", "Cancel an event that waits for approval."),
    "modify": Leaf("_event:modify", "Let an event that waits for approval pass, changed."),
    "escalate": Leaf("_event:escalate", "Let an event wait on, for somebody higher."),
    "terminate": Leaf("_event:terminate", "Cancel an event and end its simulation."),
    "cancel": Leaf("_event:cancel", "Cancel an event that is not finished."),
}

_ACTOR: Final = {
    "list": Leaf("_actor:list_actors", "List the actors of a simulation."),
    "show": Leaf("_actor:show", "Show one actor."),
    "recall": Leaf("_actor:recall", "Search what an actor remembers, as its own mind does."),
    "add": Leaf("_actor:add", "Put an actor into a simulation."),
    "update": Leaf("_actor:update", "Change fields of an actor."),
    "remove": Leaf("_actor:remove", "Take an actor out of a simulation."),
}

_SCENARIO: Final = {
    "list": Leaf("_scenario:list_scenarios", "List the scenarios that are installed."),
    "show": Leaf("_scenario:show", "Show a scenario and what it can be told."),
    "validate": Leaf("_scenario:validate", "Try a scenario out in memory and say what is wrong."),
    "new": Leaf("_scenario:new", "Write the file of a small scenario, to be changed."),
}

_LLM: Final = {
    "models": Leaf("_llm:models", "Ask a provider which models it has."),
    "check": Leaf(
        "_llm:check", "Ask every provider of a chain whether it is there and takes our key."
    ),
    "serve-demo": Leaf(
        "_llm:serve_demo",
        "Fetch a tiny real model (98 MB, once) and serve it on this machine until Ctrl-C.",
    ),
}

_REVIEW: Final = {
    "inbox": Leaf("_review:inbox", "Go through what waits for a decision, one after the other."),
    "show": Leaf("_review:show", "Show what waits, what surrounds it, and what it would change."),
    "approve": Leaf("_review:approve", "Let what waits pass, one or many."),
    "modify": Leaf("_review:modify", "Let one that waits pass, changed."),
    "reject": Leaf("_review:reject", "Cancel what waits, one or many."),
    "escalate": Leaf("_review:escalate", "Let what waits wait on, for somebody higher."),
    "terminate": Leaf("_review:terminate", "Cancel one that waits, and end its simulation."),
    "log": Leaf("_review:log", "List every decision of a simulation: who, when, what, why."),
}

COMMANDS: Final[Entries] = {
    "run": Leaf("_run:run", "Create a simulation of a scenario and run it to its end."),
    "simulation": Branch("Create, step, steer and look at simulations.", _SIMULATION),
    "action": Branch("What actors mean to do, do and have done.", _ACTION),
    "event": Branch("What happens.", _EVENT),
    "actor": Branch("Who takes part.", _ACTOR),
    "review": Branch(
        "What waits for a decision: the approval inbox (`inbox` unless a command is named).",
        _REVIEW,
        "inbox",
    ),
    "scenario": Branch("The worlds that simulations are made of.", _SCENARIO),
    "exchange": World("exchange", "Plots, benchmarks and checks of the exchange economy."),
    "validate": Leaf("_scenario:validate", "Try a scenario out in memory and say what is wrong."),
    "generate": Leaf(
        "scrai.worlds.exchange._cli_generate:generate",
        "Write a scenario of the exchange economy, or many.",
    ),
    "compare": Leaf("_travel:compare", "Compare simulations, and say where they part."),
    "llm": Branch("The language models that can drive simulations.", _LLM),
    "doctor": Leaf("_doctor:doctor", "Look whether everything that is configured works."),
    "config": Branch(
        "The settings.",
        {"show": Leaf("_doctor:config", "Show every setting and where its value comes from.")},
    ),
    "version": Leaf("_doctor:version", "Print the version."),
}
