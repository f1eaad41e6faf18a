r"""The gate before the converter of formulas.

The converter is recursive: a formula that nests too deep would end the process. So the gate counts everything
that can nest. A command that it does not know counts as one that nests to the end of its group.
"""

import re

MAX_CHARS = 2_000
MAX_TOKENS = 400  # commands and braces
MAX_GROUPS = 30  # open at a time
MAX_DEPTH = (
    90  # open groups, and arguments that are still to come. 256 KB of stack suffice for twice as many.
)

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

TOKEN = re.compile(
    r"(?P<open>\{|\\begin\s*\{[^{}]*\}|\\left\s*(?:\\[A-Za-z]+|\\?\S))"
    r"|(?P<close>\}|\\end\s*\{[^{}]*\}|\\right\s*(?:\\[A-Za-z]+|\\?\S))"
    r"|\\(?:middle|[bB]igg?[lrm]?)\s*(?:\\[A-Za-z]+|\\?\S)"
    r"|(?P<row>\\\\|&)"
    r"|\\(?P<name>[A-Za-z]+)\*?"
    r"|(?P<space>\\[,;:!> ]|[\s'~])"
    r"|\\."
    r"|(?P<script>[\^_])"
    r"|(?P<option>\[)|(?P<option_end>\])"
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
    langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert therefore because square
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
    groups: list[tuple[str, int, int]] = []  # what opened each, with what its outside still waits for
    waiting = lasting = tokens = outside = 0  # arguments to come here, effects to the end, the sum outside
    before = ""
    for match in TOKEN.finditer(tex):
        kind, found = match.lastgroup or "atom", match[0]
        if found == "#":
            return False  # a parameter of a macro
        name = match["name"]
        if kind in ("open", "close", "name", "script"):
            tokens += 1
        if kind == "open" or (kind == "option" and before == "arguments"):
            groups.append((_closing(found), waiting, lasting))
            outside += 1 + waiting + lasting
            waiting = lasting = 0
        elif kind == "close" or (kind == "option_end" and groups and groups[-1][0] == "]"):
            if not groups or groups[-1][0] != _closed(found):
                return False
            _, waiting, lasting = groups.pop()
            outside -= 1 + waiting + lasting
            waiting = max(0, waiting - 1)
        elif kind == "row":
            waiting = 0
        elif kind == "script":
            waiting += 1
        elif kind == "name" and name not in SYMBOLS:
            if name in ARGUMENTS:
                waiting += 2
            elif name not in SPACES:
                lasting += 3
        elif kind != "space":
            waiting = max(0, waiting - 1)
        if kind != "space" or not found.isspace():
            before = "arguments" if kind == "name" and name not in SYMBOLS else kind
        if tokens > MAX_TOKENS or len(groups) > MAX_GROUPS or outside + waiting + lasting > MAX_DEPTH:
            return False
    return not groups


def _closing(opening: str) -> str:
    return {"{": "}", "[": "]"}.get(opening) or ("end" if opening.startswith("\\begin") else "right")


def _closed(closing: str) -> str:
    return closing if closing in "}]" else ("end" if closing.startswith("\\end") else "right")
