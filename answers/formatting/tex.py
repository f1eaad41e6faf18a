r"""The gate before the converter of formulas.

The converter is recursive: a formula that nests too deep would end the process. So the gate counts everything
that can nest. A command that it does not know counts as one that nests to the end of its group.
"""

import re

MAX_CHARS = 2_000
MAX_TOKENS = 400  # commands and braces
MAX_GROUPS = 30  # open at a time
MAX_DEPTH = 90  # groups, and arguments that are still to come. 256 KB of stack suffice for more.
MAX_BRACKETS = 12  # open at a time: each that is never closed doubles the time that the converter takes

# They define, address, or number. Equations of several answers would share their numbers and names.
REFUSED = re.compile(
    r"\\(?:[exg]?def|(?:future)?let|(?:re)?newcommand|providecommand|(?:re)?newenvironment|newif|global|long|outer"
    r"|DeclareMathOperator|csname|expandafter|catcode|char|begingroup|endgroup|bgroup|egroup|input|include\w*|require"
    r"|label|ref|eqref|cref|tag|href|url|html\w*|style|class|cssId|data|special|verb|write|read|openout)(?![A-Za-z])"
)
UNSEEN = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\xac\xae-\u034e\u0350-\u0379\u037b-\u061b\u061d-\u115e\u1161-\u17b3"
    r"\u17b6-\u180a\u1810-\u200a\u2010-\u2027\u202f-\u205f\u2070-\u3163\u3165-\ud7ff\uf900-\ufdcf"
    r"\ufdf0-\ufdff\ufe10-\ufefe\uff00-\uff9f\uffa1-\uffef\U0001d400-\U0001faff\U00020000-\U0003ffff]"
)

ENVIRONMENTS = re.compile(r"\\(begin|end)\s*\{(align|split|eqnarray|gather|equation|displaymath|math)\*?\}")
UNNUMBERED = {"align": "aligned", "split": "aligned", "eqnarray": "aligned", "gather": "gathered"}
SUBSTACK = re.compile(r"\\substack\s*\{([^{}]*)\}")
ROW_HEIGHT = re.compile(r"\\\\\[-?[\d.]+\s*(?:em|ex|pt|mm|cm|px)\]")
ALIASES = {
    "dotsb": "cdots", "dotsm": "cdots", "dotsi": "cdots", "dotsc": "ldots", "dotso": "ldots", "mbox": "text",
    "mathds": "mathbb", "mathbbm": "mathbb", "pmb": "boldsymbol", "lt": "<", "gt": ">", "notag": "",
    "nonumber": "",
}  # fmt: skip
ALIAS = re.compile(rf"\\({'|'.join(ALIASES)})(?![A-Za-z])")
PERCENT = re.compile(r"(\\[\s\S])|%")  # a comment would hide what follows

OPENING = (
    r"\\[bB]igg?l|\(|\\\{|\\(?:mathopen|u?l[lr]?corner|l(?:ll?\w+|[aA]ngle|ang|[bB]rac[ek]\w*|bag|ceil|floor"
    r"|group|[vV]ert|moustache|[pP]aren\w*))(?![A-Za-z])"
)
CLOSING = r"\\[bB]igg?r|\)|\\\}|\\r(?:angle|brace|ceil|floor|vert|Vert)(?![A-Za-z])"
TOKEN = re.compile(
    r"(?P<open>\{|\\begin\s*\{[^{}]*\}|\\left\s*(?:\\[A-Za-z]+|\\?\S))"
    r"|(?P<close>\}|\\end\s*\{[^{}]*\}|\\right\s*(?:\\[A-Za-z]+|\\?\S))"
    rf"|(?P<bracket>{OPENING})|(?P<bracket_end>{CLOSING})"
    r"|\\(?:middle|[bB]igg?m?)\s*(?:\\[A-Za-z]+|\\?\S)"
    r"|(?P<row>\\\\|&)"
    r"|\\(?P<name>[A-Za-z]+)\*?"
    r"|(?P<space>\\[,;:!> ]|[\s'~])"
    r"|\\."
    r"|(?P<script>[\^_])"
    r"|(?P<option>\[)|(?P<option_end>\])"
    r"|(?P<parameter>\#)"
    r"|.",
    re.S,
)
ARGUMENTS = frozenset(
    re.findall(
        r"\w+",
        """frac dfrac tfrac cfrac binom dbinom tbinom sqrt overset underset stackrel text textbf textit textrm
    texttt textsf mathrm mathbf mathbb mathcal mathfrak mathscr mathsf mathtt mathit boldsymbol bm
    operatorname hat widehat bar overline underline vec dot ddot tilde widetilde check breve acute grave
    mathring not overbrace underbrace boxed cancel bcancel xcancel overrightarrow overleftarrow xrightarrow
    xleftarrow phantom hphantom vphantom mathop mathbin mathrel mathord mathopen mathclose pmod pod""",
    )
)
SYMBOLS = frozenset(
    re.findall(
        r"\w+",
        """alpha beta gamma delta epsilon varepsilon
    zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi
    rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma
    Upsilon Phi Psi Omega cdot cdots times div pm mp ast star circ bullet oplus otimes cup cap setminus
    wedge vee land lor lnot neg le leq ge geq ne neq equiv approx sim simeq cong propto ll gg prec succ
    subset subseteq supset supseteq in notin ni mid nmid parallel perp to gets rightarrow leftarrow
    Rightarrow Leftarrow leftrightarrow Leftrightarrow longrightarrow Longrightarrow mapsto implies iff
    uparrow downarrow infty partial nabla forall exists emptyset varnothing ell hbar Re Im aleph angle
    triangle prime degree sum prod int iint iiint oint bigcup bigcap lim sup inf max min sin cos tan cot sec
    csc arcsin arccos arctan sinh cosh tanh log ln exp det dim ker gcd arg deg Pr ldots dots vdots ddots
    vert Vert therefore because square
    blacksquare checkmark""",
    )
)
SPACES = frozenset(["quad", "qquad", "limits", "nolimits", "hline"])


def prepared(tex: str) -> str | None:
    """The formula as the converter takes it, or None if it must not see it."""
    if len(tex) > MAX_CHARS or REFUSED.search(tex) or UNSEEN.search(tex):
        return None
    tex = ENVIRONMENTS.sub(lambda found: _environment(found[1], found[2]), tex)
    tex = SUBSTACK.sub(r"\\begin{subarray}{c}\1\\end{subarray}", tex)
    tex = ALIAS.sub(lambda found: _alias(ALIASES[found[1]]), ROW_HEIGHT.sub(r"\\\\ ", tex))
    tex = PERCENT.sub(lambda found: found[1] or "\\%", tex)
    return tex if _is_shallow(tex) else None


def _environment(word: str, name: str) -> str:
    name = UNNUMBERED.get(name, "")
    return f"\\{word}{{{name}}}" if name else " "


def _alias(name: str) -> str:
    return f"\\{name} " if name.isalpha() else f" {name} "


def _is_shallow(tex: str) -> bool:
    """Whether it nests no deeper than is safe. Never says yes to one that nests deeper; may refuse others."""
    gate, before, number = _Gate(), "", 0
    for match in TOKEN.finditer(tex):
        kind, token = match.lastgroup or "atom", match[0]
        if kind == "space":
            continue
        number += kind in ("open", "close", "name", "script", "bracket", "bracket_end")
        if kind == "name":
            kind = "symbol" if match["name"] in SYMBOLS else "space" if match["name"] in SPACES else kind
        is_option = kind == "option" and before == "name"
        if number > MAX_TOKENS or not gate.passes(kind, token, is_option=is_option):
            return False
        before = kind
    return not gate.groups


class _Gate:
    """What nests in a formula so far."""

    def __init__(self) -> None:
        self.groups: list[tuple[str, int, int, int]] = []  # how each ends, and what its outside waits for
        self.waiting = 0  # arguments to come
        self.is_argument = False  # whether the last symbol was one: as such it may have scripts of its own
        self.lasting = 0  # effects to the end of the group
        self.brackets = 0  # open in this group
        self.unclosed = 0  # brackets that were open when their group ended
        self.outside = 0  # the depth of everything around this group

    def passes(self, kind: str, token: str, *, is_option: bool) -> bool:
        """Take the next token. False if the formula is too deep, or its groups do not match."""
        if kind == "parameter":
            return False
        was_argument = self.is_argument
        self.is_argument = was_argument and kind == "space"
        if kind == "open" or is_option:
            self._open("]" if is_option else _closing(token))
        elif kind == "close" or (kind == "option_end" and self.groups and self.groups[-1][0] == "]"):
            if not self.groups or self.groups[-1][0] != _closed(token):
                return False
            self._close()
        elif kind in ("bracket", "option"):
            self.brackets += 1
        elif kind in ("bracket_end", "option_end"):
            self.brackets = max(0, self.brackets - 1)
            self._take_argument()
        elif kind == "row":
            self.waiting = 0
        elif kind == "script":
            self.waiting += 2 if was_argument else 1
        elif kind == "name" and token[1:].rstrip("*") in ARGUMENTS:
            self.waiting += 2
        elif kind == "name":
            self.lasting += 3
        elif kind != "space":
            self._take_argument()
        brackets = self.unclosed + self.brackets + sum(group[3] for group in self.groups)
        depth = self.outside + self.waiting + self.lasting
        return len(self.groups) <= MAX_GROUPS and depth <= MAX_DEPTH and brackets <= MAX_BRACKETS

    def _open(self, closing: str) -> None:
        self.groups.append((closing, self.waiting, self.lasting, self.brackets))
        self.outside += 1 + self.waiting + self.lasting
        self.waiting = self.lasting = self.brackets = 0

    def _close(self) -> None:
        self.unclosed += self.brackets
        _, self.waiting, self.lasting, self.brackets = self.groups.pop()
        self.outside -= 1 + self.waiting + self.lasting
        self._take_argument()

    def _take_argument(self) -> None:
        self.is_argument = self.waiting > 0
        self.waiting = max(0, self.waiting - 1)


def _closing(opening: str) -> str:
    return "}" if opening == "{" else "end" if opening.startswith("\\begin") else "right"


def _closed(closing: str) -> str:
    return closing if closing in "}]" else "end" if closing.startswith("\\end") else "right"
