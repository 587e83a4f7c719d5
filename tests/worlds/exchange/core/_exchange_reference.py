"""A tick of the exchange economy, written a second time straight from its description.

Slow and literal: loops over all agents, pairs and cells, dictionaries and tuples, no cache, no
index, no shared code with the core but what is drawn (starting cells, resources, random keys).
"""

from __future__ import annotations

import math

from scrai.worlds.exchange._core._draw import places, resources, tick_words
from scrai.worlds.exchange._core._pairing import drawn_key
from scrai.worlds.exchange._spec import ExchangeSpec

EPS = 1e-12
TOL = 1e-9


def le(a, b):
    return a <= b + TOL * max(abs(a), abs(b))


def pay(price, d):
    return math.floor(price * d + 0.5 + 1e-9)


def power_mean(rho, wa, wb, a, b):
    if rho == 0:
        s = wa / (wa + wb)
        return a**s * b ** (1 - s)
    if rho < 0 and (a == 0 or b == 0):
        return 0.0
    if a == b == 0:
        return 0.0
    return (wa * a**rho + wb * b**rho) ** (1 / rho)


def ln(z):
    return math.log(z) if z >= EPS else math.log(EPS) + (z - EPS) / EPS


def utility(spec, a, b):
    p = spec.params
    match spec.type:
        case "ces":
            return power_mean(p["rho"], p["wA"], p["wB"], a, b)
        case "linear":
            return p["vA"] * a + p["vB"] * b
        case "quadratic":
            x, y = a - p["A_star"], b - p["B_star"]
            cross = p.get("gamma", 0.0) * x * y
            return -((x / p["sigma_A"]) ** 2) - (y / p["sigma_B"]) ** 2 - cross
        case "translog":
            x, y = math.log(max(a, EPS)), math.log(max(b, EPS))
            linear = p.get("alpha_0", 0.0) + p["alpha_A"] * x + p["alpha_B"] * y
            second = p["beta_AA"] / 2 * x * x + p["beta_BB"] / 2 * y * y + p["beta_AB"] * x * y
            return math.exp(linear + second)
        case "stone_geary":
            return p["alpha_A"] * ln(a - p["gamma_A"]) + p["alpha_B"] * ln(b - p["gamma_B"])


def marginals(spec, a, b):
    p = spec.params
    x, y = max(a, EPS), max(b, EPS)
    match spec.type:
        case "ces":
            rho, wa, wb = p["rho"], p["wA"], p["wB"]
            u = power_mean(rho, wa, wb, x, y)
            if rho == 0:
                wa, wb = wa / (wa + wb), wb / (wa + wb)
            return wa * (u / x) ** (1 - rho), wb * (u / y) ** (1 - rho)
        case "linear":
            return p["vA"], p["vB"]
        case "quadratic":
            g = p.get("gamma", 0.0)
            da, db = a - p["A_star"], b - p["B_star"]
            mu = -2 * da / p["sigma_A"] ** 2 - g * db, -2 * db / p["sigma_B"] ** 2 - g * da
        case "translog":
            u, lx, ly = utility(spec, a, b), math.log(x), math.log(y)
            mu = (
                u * (p["alpha_A"] + p["beta_AA"] * lx + p["beta_AB"] * ly) / x,
                u * (p["alpha_B"] + p["beta_BB"] * ly + p["beta_AB"] * lx) / y,
            )
        case "stone_geary":
            return (
                p["alpha_A"] / max(a - p["gamma_A"], EPS),
                p["alpha_B"] / max(b - p["gamma_B"], EPS),
            )
    return max(mu[0], 0.0), max(mu[1], 0.0)


def candidates(ask, bid, d, how="compensating_block"):
    if how == "split_difference":
        return [(ask + bid) / 2]
    whole = [t / d for t in range(1, int(min(bid * d + 1, 19)) + 1)]
    prices = [p for p in whole if le(ask, p) and le(p, bid)]
    prices += [ask + (bid - ask) * k / 4 for k in range(5)]
    kept = []
    for price in sorted(prices):
        if not kept or not le(price, kept[-1]):
            kept.append(price)
    return kept if how == "compensating_block" else kept[::-1]


class Agent:
    def __init__(self, i, place, spec: ExchangeSpec):
        self.id, self.home, self.at = i, place, place
        self.held = {"A": spec.A[i], "B": spec.B[i], "M": spec.M[i]}
        self.taste, self.lam, self.m0 = spec.utilities[i], spec.lambda_money[i], spec.M_0[i]
        self.partner = self.cell = None
        self.quotes = {}


class Reference:
    """The economy: `tick()` lives one tick; `trades` collects (tick, seller, buyer, ...)."""

    def __init__(self, spec: ExchangeSpec, seed: int):
        self.spec, self.p, self.seed, self.t = spec, spec.params, seed, 0
        n = spec.N
        cells = places(seed, spec.agents, n * n, spec.allow_colocation).tolist()
        self.agents = [Agent(i, divmod(cells[i], n), spec) for i in range(spec.agents)]
        self.cap = min(spec.resource_amount, self.p.resource_max_amount)
        goods = resources(seed, n * n, spec.resource_density).tolist()
        self.good = {divmod(c, n): " AB"[g] for c, g in enumerate(goods) if g}
        self.stock = dict.fromkeys(self.good, self.cap)
        self.last: dict = {}
        self.cool: dict = {}
        self.trades: list = []
        self.harvests: list = []
        self.mode = self.mode_at(1)
        self.least = max(self.p.epsilon, 1e-9)
        for agent in self.agents:
            self.quote(agent)

    # ---- worth -------------------------------------------------------------------------------
    def u(self, agent, da=0, db=0):
        return utility(agent.taste, agent.held["A"] + da, agent.held["B"] + db)

    def money(self, agent, dm):
        scale = self.p.money_scale
        if self.p.money_utility_form == "linear":
            return agent.lam * (dm / scale)
        m = agent.held["M"]
        after = math.log(max((m + dm) / scale + agent.m0, EPS))
        return agent.lam * (after - math.log(max(m / scale + agent.m0, EPS)))

    def gain(self, agent, change):
        goods = self.u(agent, change.get("A", 0), change.get("B", 0)) - self.u(agent)
        return goods + (self.money(agent, change["M"]) if "M" in change else 0.0)

    def total(self, agent):
        if self.p.exchange_regime == "barter_only":
            return self.u(agent)
        m = agent.held["M"] / self.p.money_scale
        if self.p.money_utility_form == "log":
            m = math.log(max(m + agent.m0, EPS))
        return self.u(agent) + agent.lam * m

    def quote(self, agent):
        s = self.p.spread
        agent.mu = marginals(agent.taste, agent.held["A"], agent.held["B"])
        mu_a, mu_b = agent.mu
        agent.quotes = {}
        if mu_a > 0 or mu_b > 0:
            mrs = 1e6 if mu_b <= 0 else min(max(mu_a / mu_b, 1e-6), 1e6)
            bid_a = 0.0 if mu_a <= 0 else max(0.0, mrs * (1 - s))
            agent.quotes["A", "B"] = mrs * (1 + s), bid_a
            agent.quotes["B", "A"] = 1 / mrs * (1 + s), max(0.0, 1 / mrs * (1 - s))
        if self.p.exchange_regime != "barter_only":
            mu_m = agent.lam
            if self.p.money_utility_form == "log":
                mu_m = agent.lam / max(agent.held["M"] / self.p.money_scale + agent.m0, EPS)
            for good, mu in (("A", mu_a), ("B", mu_b)):
                price = self.p.money_scale * mu / mu_m
                agent.quotes[good, "M"] = price * (1 + s), max(0.0, price * (1 - s))

    # ---- the search for a block --------------------------------------------------------------
    def try_block(self, seller, buyer, market, d, price):
        good, means = market
        payment = pay(price, d)
        if payment < 1 or seller.held[good] < d or buyer.held[means] < payment:
            return None
        gb = self.gain(buyer, {good: d, means: -payment})
        gs = self.gain(seller, {good: -d, means: payment})
        if gb > self.least and gs > self.least:
            return (market, seller, buyer, d, payment, gs, gb)
        return None

    def sell(self, seller, buyer, market):
        if market not in seller.quotes or market not in buyer.quotes:
            return None
        ask, bid = seller.quotes[market][0], buyer.quotes[market][1]
        if not le(ask, bid):
            return None
        for d in range(1, self.p.dA_max + 1):
            for price in candidates(ask, bid, d, self.p.bargaining):
                block = self.try_block(seller, buyer, market, d, price)
                if block and self.p.trade_execution_mode == "maximum":
                    for size in range(self.p.dA_max, d - 1, -1):
                        larger = self.try_block(seller, buyer, market, size, price)
                        if larger:
                            return larger
                if block:
                    return block
        return None

    def barter(self, lo, hi):
        for market in (("A", "B"), ("B", "A")):
            if market not in lo.quotes or market not in hi.quotes:
                continue
            (ask_l, bid_l), (ask_h, bid_h) = lo.quotes[market], hi.quotes[market]
            order = [(lo, hi), (hi, lo)]
            forth, back = bid_h - ask_l, bid_l - ask_h
            if back > forth and back - forth > TOL * max(bid_l + ask_l, bid_h + ask_h):
                order.reverse()
            for seller, buyer in order:
                block = self.sell(seller, buyer, market)
                if block:
                    return block
        return None

    def for_money(self, lo, hi, good):
        return self.sell(lo, hi, (good, "M")) or self.sell(hi, lo, (good, "M"))

    def barter_open(self, lo, hi):
        regime = self.p.exchange_regime
        if regime == "mixed_liquidity_gated":
            return max(self.sellers[lo.id], self.sellers[hi.id]) < self.p.min_quotes
        return regime != "money_only"

    def search(self, lo, hi):
        if self.p.exchange_regime == "barter_only":
            return self.barter(lo, hi)
        if not self.barter_open(lo, hi):
            return self.for_money(lo, hi, "A") or self.for_money(lo, hi, "B")
        blocks = [self.barter(lo, hi), self.for_money(lo, hi, "A"), self.for_money(lo, hi, "B")]
        best = None
        for block in blocks:
            if block and (best is None or not le(block[5] + block[6], best[5] + best[6])):
                best = block
        return best

    def joint(self, lo, hi):
        block = self.search(lo, hi)
        if block is None:
            return 0.0
        best = block[5] + block[6]
        markets = [("A", "B")] if self.barter_open(lo, hi) else []
        if self.p.exchange_regime != "barter_only":
            markets += [("A", "M"), ("B", "M")]
        for market in markets:
            for seller, buyer in ((lo, hi), (hi, lo)):
                if market not in seller.quotes or market not in buyer.quotes:
                    continue
                middle = (seller.quotes[market][0] + buyer.quotes[market][1]) / 2
                for d in range(1, self.p.dA_max + 1):
                    at_middle = self.try_block(seller, buyer, market, d, middle)
                    if at_middle:
                        best = max(best, at_middle[5] + at_middle[6])
        return best

    # ---- the seven steps ---------------------------------------------------------------------
    def mode_at(self, t):
        s = self.spec.mode_schedule
        if s is None:
            return "both"
        length = {"forage": s.forage_ticks, "trade": s.trade_ticks}
        other = "trade" if s.start_mode == "forage" else "forage"
        place = (t - 1) % (s.forage_ticks + s.trade_ticks)
        return s.start_mode if place < length[s.start_mode] else other

    def away(self, one, other):
        return abs(one[0] - other[0]) + abs(one[1] - other[1])

    def seen(self, agent):
        reach = self.p.vision_radius
        return [other for other in self.agents if self.away(agent.at, other.at) <= reach]

    def tick(self):
        self.t += 1
        self.moved = {}
        if self.mode_at(self.t) != self.mode:
            for agent in self.agents:
                agent.partner = agent.cell = None
        self.mode = self.mode_at(self.t)
        self.perceive()
        self.decide()
        self.move()
        if self.mode in ("trade", "both"):
            self.trade()
        if self.mode in ("forage", "both"):
            self.forage()
        self.regenerate()
        self.housekeeping()

    def perceive(self):
        def sells(agent):
            return any(
                agent.held[g] >= 1 and agent.quotes.get((g, "M"), (0, 0))[0] > 0 for g in "AB"
            )

        self.sellers = [sum(map(sells, self.seen(agent))) for agent in self.agents]

    def harvest_of(self, agent, cell):
        """The gain of one harvest there if it is wanted, else None."""
        units = min(self.stock[cell], self.p.forage_rate)
        if units == 0:
            return None
        good = self.good[cell]
        gain = self.gain(agent, {good: units})
        desired = agent.mu["AB".index(good)] > 0
        return gain if gain > self.least or (gain >= 0 and desired) else None

    def cell_score(self, agent, cell):
        gain = self.harvest_of(agent, cell)
        if gain is None:
            return None
        if self.p.search == "nearest":
            gain = 1.0 if gain > self.least else 0.0
        return gain * self.p.beta ** self.away(agent.at, cell)

    def best_cell(self, agent):
        claimed = set()
        if self.p.enable_resource_claiming:
            claimed = {other.cell for other in self.agents}
        found = []
        for cell in self.good:
            away = self.away(agent.at, cell)
            if away <= self.p.vision_radius and cell not in claimed:
                score = self.cell_score(agent, cell)
                if score is not None:
                    found.append((score, away, cell))
        if not found:
            return None, 0.0
        top = max(found)[0]
        return min((away, cell) for score, away, cell in found if score >= top * (1 - TOL))[1], top

    def decide(self):
        for agent in self.agents:
            if agent.cell is not None and self.harvest_of(agent, agent.cell) is None:
                agent.cell = None
        if self.mode in ("trade", "both"):
            self.pair()
        for agent in self.agents:
            if agent.partner is None and agent.cell is None and self.mode != "trade":
                agent.cell = self.best_cell(agent)[0]

    def candidates(self):
        free = [agent for agent in self.agents if agent.partner is None]
        for lo in free:
            for hi in free:
                away = self.away(lo.at, hi.at)
                if hi.id <= lo.id or away > self.p.vision_radius:
                    continue
                if self.cool.get((lo.id, hi.id), 0) > self.t:
                    continue
                joint = self.joint(lo, hi)
                if joint > 0:
                    joint = 1.0 if self.p.search == "nearest" else joint
                    yield joint * self.p.beta**away, lo, hi

    def pair(self):
        pairs, best = list(self.candidates()), {}
        for score, lo, hi in pairs:
            for agent in (lo, hi):
                best[agent.id] = max(best.get(agent.id, 0.0), score)

        def is_open(agent):
            if self.mode == "trade":
                return True
            if agent.cell is not None:
                forage = self.cell_score(agent, agent.cell)
            else:
                forage = self.best_cell(agent)[1]
            return le(forage, best[agent.id] / 2)

        opened = {agent.id: is_open(agent) for agent in self.agents if agent.id in best}
        pairs = [(s, lo.id, hi.id) for s, lo, hi in pairs if opened[lo.id] and opened[hi.id]]
        for low, high in self.order(pairs):
            lo, hi = self.agents[low], self.agents[high]
            if lo.partner is None and hi.partner is None:
                lo.partner, hi.partner, lo.cell, hi.cell = hi, lo, None, None

    def order(self, pairs):
        if self.p.matching == "random":
            word = int(tick_words(self.seed, self.t, 1, True)[0])
            return [
                ids
                for *_, ids in sorted((-drawn_key(word, lo, hi), (lo, hi)) for _, lo, hi in pairs)
            ]
        left, ordered = sorted(pairs, key=lambda pair: -pair[0]), []
        while left:
            top = left[0][0]
            group = [pair for pair in left if pair[0] >= top * (1 - TOL)]
            left = left[len(group) :]
            ordered += sorted((lo, hi) for _, lo, hi in group)
        return ordered

    def move(self):
        before = {a.id: self.away(a.at, a.partner.at) for a in self.agents if a.partner}
        for agent in self.agents:
            target = agent.partner.at if agent.partner else agent.cell or agent.home
            reach = self.p.interaction_radius if agent.partner else 0
            gap = [target[0] - agent.at[0], target[1] - agent.at[1]]
            if agent.partner and agent.id < agent.partner.id and [abs(g) for g in gap] == [1, 1]:
                continue
            for _ in range(self.p.move_budget_per_tick):
                dx, dy = target[0] - agent.at[0], target[1] - agent.at[1]
                if abs(dx) + abs(dy) <= reach:
                    break
                if abs(dx) >= abs(dy):
                    agent.at = (agent.at[0] + (1 if dx > 0 else -1), agent.at[1])
                else:
                    agent.at = (agent.at[0], agent.at[1] + (1 if dy > 0 else -1))
        self.closer = {
            a.id: self.away(a.at, a.partner.at) < before[a.id] for a in self.agents if a.partner
        }

    def trade(self):
        for lo in self.agents:
            hi = lo.partner
            if hi is None or hi.id < lo.id:
                continue
            if self.away(lo.at, hi.at) <= self.p.interaction_radius:
                block = self.search(lo, hi)
            elif self.closer[lo.id]:
                continue
            else:
                block = None
            if block is None:
                lo.partner = hi.partner = None
                self.cool[lo.id, hi.id] = self.t + self.p.trade_cooldown_ticks
                continue
            (good, means), seller, buyer, d, payment, gs, gb = block
            seller.held[good] -= d
            buyer.held[good] += d
            buyer.held[means] -= payment
            seller.held[means] += payment
            kind = "A-B" if means != "M" else f"{good}-M"
            self.trades.append((self.t, buyer.id, seller.id, kind, good, d, payment, gb, gs))

    def forage(self):
        taken = set()
        for agent in self.agents:
            cell = agent.at
            if agent.partner or cell not in self.good or self.stock[cell] == 0:
                continue
            if self.p.enforce_single_harvester and cell in taken:
                continue
            agent.mu = marginals(agent.taste, agent.held["A"], agent.held["B"])
            if self.harvest_of(agent, cell) is None:
                continue
            units = min(self.stock[cell], self.p.forage_rate)
            self.stock[cell] -= units
            agent.held[self.good[cell]] += units
            taken.add(cell)
            self.last[cell] = self.t
            self.harvests.append((self.t, agent.id, self.good[cell], units))

    def regenerate(self):
        for cell, units in self.stock.items():
            if units < self.cap and self.t - self.last[cell] >= self.p.resource_regen_cooldown:
                self.stock[cell] = min(self.cap, units + self.p.resource_growth_rate)

    def housekeeping(self):
        for agent in self.agents:
            self.quote(agent)
        if self.p.money_mode == "kkt_lambda" and self.p.exchange_regime != "barter_only":
            new = [self.moved_lambda(agent) for agent in self.agents]
            for agent, lam in zip(self.agents, new, strict=True):
                agent.lam = lam
                self.quote(agent)

    def moved_lambda(self, agent):
        aims = []
        for k, good in enumerate("AB"):
            asks = sorted((a.quotes[good, "M"][0], a.id) for a in self.seen(agent))
            price = asks[(len(asks) - 1) // 2][0] / self.p.money_scale
            aims.append(agent.mu[k] / max(price, EPS))
        aim = min(aims)
        if self.p.money_utility_form == "log":
            aim *= max(agent.held["M"] / self.p.money_scale + agent.m0, EPS)
        rate = self.p.lambda_update_rate
        moved = (1 - rate) * agent.lam + rate * aim
        return max(self.p.lambda_min, min(moved, self.p.lambda_max))
