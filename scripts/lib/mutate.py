# SPDX-License-Identifier: GPL-2.0
"""Mutants of C files: each differs from the original in one small change.

The module uses libclang's lexer, not its parser: the module guesses statements and
conditions from brackets and semicolons.  If a guess is wrong, the mutant does not
compile and is dropped.  The module mutates bodies of functions, and numbers that .c
files define; it skips statements that only print or warn.  A mutant has as many lines
as the original.

The name of a mutant consists of its file, operator, source text and, if these are not
unique, a counter: the name does not depend on the rest of the file.  A hash of the names
defines the order of mutants.

scripts/mutants.chosen has hand-written mutants.
"""

import difflib
import hashlib
import re

from clang.cindex import Index, TokenKind, TranslationUnit

# Replacements of C operators.
COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=",
               "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+", "<<": ">>", ">>": "<<", "&": "|", "|": "&",
              "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "++": "--",
              "--": "++", "*": "+", "/": "*", "%": "/"}
UNARY = {"+", "-", "*", "&"}

# Names to exchange.
PAIRS = [("list_add", "list_add_tail"), ("list_move", "list_move_tail"),
         ("hlist_add_before", "hlist_add_behind"), ("rb_next", "rb_prev"),
         ("rb_first", "rb_last"), ("rb_left", "rb_right"),
         ("list_first_entry", "list_last_entry"),
         ("list_next_entry", "list_prev_entry"),
         ("list_first_entry_or_null", "list_last_entry_or_null"),
         ("list_splice", "list_splice_tail"),
         ("list_splice_init", "list_splice_tail_init"), ("min", "max"),
         ("min_t", "max_t"), ("vmem_seg_next", "vmem_seg_prev"),
         ("round_up", "round_down"), ("__ffs", "__fls"), ("true", "false"),
         ("queue_work", "flush_work"), ("U32_MAX", "S32_MAX"),
         ("ULONG_MAX", "LONG_MAX"), ("VMEM_ALLOC", "VMEM_FREE")]
NAMES = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
NAMES.update(smp_store_release="WRITE_ONCE", smp_load_acquire="READ_ONCE",
             GFP_NOWAIT="GFP_KERNEL")

# Statements whose order with a neighbour may matter to another CPU.  Swaps with a lock
# or unlock are not made: their race windows are too short for tests, but KCSAN finds
# them.
ORDERED = re.compile(r"READ_ONCE|WRITE_ONCE|smp_|barrier|preempt_|queue_work"
                     r"|wake|complete\(|cancel_")
# Statements that only print, check or annotate.
NO_EFFECT = re.compile(r"lockdep_|WARN|pr_info|pr_debug|BUILD_BUG|might_sleep"
                       r"|static_assert|(instrument|kmsan|kasan)_"
                       r"|__(acquire|release)\b")
WARN = re.compile(r"WARN(_ON|_ONCE|_ON_ONCE|_RATELIMIT)?$")
HEADS = {"if", "while", "for", "switch"}
FOR_EACH = re.compile(r"for_each")
NUMBER = re.compile(r"(0x[0-9a-fA-F]+|[0-9]+)[uUlL]*$")
FLAG = re.compile(r"[A-Z_][A-Z0-9_]{3,}$")


class Token:
    def __init__(self, token):
        self.kind = token.kind
        self.text = token.spelling
        self.start = token.extent.start.offset
        self.end = token.extent.end.offset

    def word(self):
        return self.kind in (TokenKind.IDENTIFIER, TokenKind.KEYWORD)


class Mutant:
    def __init__(self, file, operator, text, edits):
        self.file = file
        self.operator = operator
        self.text = text
        self.edits = edits	# list of (start, end, new text)
        self.name = None
        self.suites = ()	# suites that mutants.chosen names
        self.version = ""	# hash of the edits of a mutant of mutants.chosen

    def number(self, count):
        self.name = f"{self.file}: {self.operator}: {self.text}"
        if count > 1:
            self.name += f" #{count}"

    @property
    def id(self):
        return hashlib.sha256(self.name.encode()).hexdigest()[:8]

    def apply(self, source):
        for start, end, new in sorted(self.edits, reverse=True):
            lines = source.count(b"\n", start, end)
            new = new.encode()
            source = (source[:start] + new
                      + b"\n" * (lines - new.count(b"\n")) + source[end:])
        return source

    def diff(self, source):
        old, new = (text.decode().split("\n")
                    for text in (source, self.apply(source)))
        lines = list(difflib.unified_diff(old, new, n=2, lineterm=""))[2:]
        return [line for line in lines if line not in ("+", "-")]


class Chosen:
    """An entry of scripts/mutants.chosen."""

    def __init__(self, head):
        self.file, self.text, suites = (part.strip()
                                        for part in head.split("|"))
        self.suites = suites.split()
        self.hunks = [([], [])]		# old lines, new lines

    def line(self, line):
        if line == "@@":
            self.hunks.append(([], []))
            return
        if line[:1] not in (" ", "-", "+"):
            raise ValueError(f"{self.file}: {self.text}: invalid line {line!r}")
        for sign, lines in zip("-+", self.hunks[-1]):
            if line[0] in (sign, " "):
                lines.append(line[1:])

    def edits(self, source):
        """Return the edits for Mutant(). Each hunk must match exactly once."""
        found = []
        for old, new in self.hunks:
            old, new = ("".join(line + "\n" for line in lines).encode()
                        for lines in (old, new))
            count = (b"\n" + source).count(b"\n" + old) if old else 0
            if count != 1:
                raise ValueError(f"{self.file}: {self.text}: a hunk matches {count} "
                                 f"times:\n{old.decode()}")
            start = (b"\n" + source).index(b"\n" + old)
            found.append((start, start + len(old), new.decode()))
        return found

    def mutant(self, source):
        mutant = Mutant(self.file, "chosen", self.text, self.edits(source))
        mutant.suites = self.suites
        mutant.version = "-" + hashlib.sha256(
            repr(self.hunks).encode()).hexdigest()[:8]
        mutant.number(1)
        return mutant


def read_chosen(path):
    """Read the entries of scripts/mutants.chosen."""
    found = []
    entry = None
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if not line:
                entry = None
            elif entry is not None:
                entry.line(line)
            elif not line.startswith("#"):
                entry = Chosen(line)
                found.append(entry)
    return found


class File:
    """A file and its mutants."""

    def __init__(self, name, source):
        self.name = name
        self.source = source
        self.mutants = []
        unit = Index.create().parse(
            "x.c", args=["-xc", "-nostdinc"],
            unsaved_files=[("x.c", source.decode())],
            options=TranslationUnit.PARSE_INCOMPLETE)
        tokens = [Token(token) for token
                  in unit.get_tokens(extent=unit.cursor.extent)
                  if token.kind != TokenKind.COMMENT]
        # Preprocessor directives.
        directives = [match.span() for match in
                      re.finditer(rb"^[ \t]*#(.*\\\n)*.*$", source, re.M)]
        self.tokens = []
        defines = []
        for token in tokens:
            line = next((span for span in directives
                         if span[0] <= token.start < span[1]), None)
            if line is None:
                self.tokens.append(token)
            elif re.match(rb"[ \t]*#[ \t]*define[ \t]+\w+[ \t]", source[slice(*line)]):
                defines.append(token)
        self.match_brackets()
        for first, last in self.bodies():
            self.body(first, last)
        if not name.endswith(".h"):
            for token in defines:
                self.number(token)
        counts = {}
        for mutant in self.mutants:
            key = mutant.operator, mutant.text
            counts[key] = counts.get(key, 0) + 1
            mutant.number(counts[key])

    # --- structure ---

    def match_brackets(self):
        self.partner = {}
        self.inside = set()	# tokens within round brackets
        stack = []
        for i, token in enumerate(self.tokens):
            if token.text in ("(", "[", "{"):
                stack.append(i)
            elif token.text in (")", "]", "}") and stack:
                first = stack.pop()
                self.partner[i], self.partner[first] = first, i
                if token.text == ")":
                    self.inside.update(range(first + 1, i))

    def bodies(self):
        """Yield the bodies of functions: outermost braces after a ")"."""
        i = 0
        while i < len(self.tokens):
            if self.tokens[i].text == "{" and i in self.partner:
                if i and self.tokens[i - 1].text == ")":
                    yield i, self.partner[i]
                i = self.partner[i]
            i += 1

    def begins_statement(self, i):
        before = self.tokens[i - 1]
        if i in self.inside or self.tokens[i].text in ("{", "}", ";"):
            return False
        if before.text in ("{", "}", ";", "else", "do"):
            return True
        if before.text == ":":
            # A label, unless the colon is part of "a ? b : c".
            j = i - 2
            while self.tokens[j].text not in (";", "{", "}", "?", ":"):
                j -= 1
            return self.tokens[j].text != "?"
        if before.text == ")" and i - 1 in self.partner:
            head = self.tokens[self.partner[i - 1] - 1]
            return head.text in HEADS or bool(FOR_EACH.search(head.text))
        return False

    def statement_end(self, i, last):
        """Return the semicolon of the simple statement that begins at i, or None."""
        while i < last:
            text = self.tokens[i].text
            if text == ";":
                return i
            if text == "{":
                return None
            i = self.partner.get(i, i) if text in ("(", "[") else i
            i += 1
        return None

    def controlled_end(self, i, last):
        """Return the last token of the statement, simple or compound, that begins
        at i."""
        if self.tokens[i].text == "{":
            return self.partner[i]
        end = self.statement_end(i, last)
        return i if end is None else end

    def declares(self, i):
        a, b, c = (self.tokens[i + k] for k in range(3))
        if a.kind == TokenKind.KEYWORD:
            return a.text not in ("return", "break", "continue", "goto")
        if not a.word():
            return False
        if re.match(r"LIST_HEAD|DECLARE_|DEFINE_", a.text):
            return True
        return (b.kind == TokenKind.IDENTIFIER
                or b.text == "*" and c.kind == TokenKind.IDENTIFIER
                and self.tokens[i + 3].text in ("=", ";", ","))

    # --- candidates ---

    def between(self, first, last):
        """Return the source text from one token to another, joined in one line."""
        text = self.source[self.tokens[first].start:self.tokens[last].end]
        return squeeze(text.decode())

    def line_with(self, token, new):
        """Return the line of a token, with the change to @new marked."""
        start = self.source.rfind(b"\n", 0, token.start) + 1
        end = self.source.find(b"\n", token.end)
        return squeeze(self.source[start:token.start].decode() + "{"
                       + token.text + " => " + new + "}"
                       + self.source[token.end:end].decode())

    def add(self, operator, text, *edits):
        self.mutants.append(Mutant(self.name, operator, text, list(edits)))

    def replace(self, operator, token, new):
        self.add(operator, self.line_with(token, new),
                 (token.start, token.end, new))

    def number(self, token):
        if token.kind == TokenKind.LITERAL and NUMBER.match(token.text):
            new = "1" if token.text == "0" else f"({token.text} + 1)"
            self.replace("constant", token, new)

    def body(self, first, last):
        skipped = set()
        statements = []		# (first, last) of simple statements
        for i in range(first + 1, last):
            if i in skipped:
                continue
            text = self.tokens[i].text
            if WARN.match(text) and self.tokens[i + 1].text == "(":
                skipped.update(range(i, self.partner[i + 1] + 1))
                continue
            if text == "if" and self.tokens[i + 1].text == "(":
                end = self.partner[i + 1]
                if any(WARN.match(token.text)
                       for token in self.tokens[i + 2:end]):
                    skipped.update(range(i, self.controlled_end(end + 1, last)
                                         + 1))
                    continue
                self.condition(i, i + 1, end, ("negate", "never", "always"))
            elif text == "while" and self.tokens[i + 1].text == "(":
                self.condition(i, i + 1, self.partner[i + 1], ("never",))
            if self.begins_statement(i):
                end = self.statement_end(i, last)
                if end is not None and end > i:
                    if NO_EFFECT.match(text):
                        skipped.update(range(i, end + 1))
                        continue
                    if text not in HEADS and text not in ("do", "case") and \
                            self.tokens[i + 1].text != ":" and \
                            not self.declares(i):
                        statements.append((i, end))
                        self.statement(i, end)
            self.token(i)
        for (a, b), (c, d) in zip(statements, statements[1:]):
            if b + 1 == c and self.tokens[a].text not in JUMPS and \
                    self.tokens[c].text not in JUMPS and \
                    self.begins_after_statement(a) and \
                    ORDERED.search(self.between(a, b) + self.between(c, d)):
                one, two = (self.tokens[a].start, self.tokens[b].end), (
                    self.tokens[c].start, self.tokens[d].end)
                self.add("swap", f"{self.between(a, b)} <-> {self.between(c, d)}",
                         (*one, self.source[slice(*two)].decode()),
                         (*two, self.source[slice(*one)].decode()))

    def begins_after_statement(self, i):
        """False for a single statement that an if or a loop controls."""
        return self.tokens[i - 1].text in ("{", "}", ";")

    def condition(self, head, first, last, how):
        inside = self.tokens[first + 1:last]
        texts = [token.text for token in inside]
        start, end = inside[0].start, inside[-1].end
        text = self.between(head, last)
        logic = any(t in LOGIC for t in texts)
        for operator in how:
            if operator == "negate" and not logic and (
                    texts[0] == "!" or any(t in COMPARISONS for t in texts)):
                continue	# another operator gives the same mutant
            before, after = {"negate": ("!(", ")"), "never": ("0 && (", ")"),
                             "always": ("1 || (", ")")}[operator]
            self.add(operator, text, (start, start, before), (end, end, after))

    def statement(self, first, last):
        start, end = self.tokens[first].start, self.tokens[last].end
        text = self.between(first, last)
        if self.tokens[first].text != "return":
            self.add("drop", text, (start, end, ";"))
        elif last == first + 1:
            self.add("drop", text, (start, end, ";"))
        elif self.tokens[first + 1].text not in ("0", "NULL", "true", "false"):
            self.add("return", text, (start, end, "return 0;"))

    def binary(self, i):
        before = self.tokens[i - 1]
        return (before.kind in (TokenKind.IDENTIFIER, TokenKind.LITERAL)
                or before.text in (")", "]"))

    def token(self, i):
        token, text = self.tokens[i], self.tokens[i].text
        if text in COMPARISONS:
            self.replace("comparison", token, COMPARISONS[text])
        elif text in LOGIC:
            self.replace("logic", token, LOGIC[text])
        elif text in ARITHMETIC and (text not in UNARY or self.binary(i)) and \
                not (text == "*" and self.declarator(i)):
            if text == "|" and FLAG.match(self.tokens[i + 1].text):
                self.add("flag", self.line_with(self.tokens[i + 1], ""),
                         (token.start, self.tokens[i + 1].end, ""))
            else:
                self.replace("arithmetic", token, ARITHMETIC[text])
        elif text == "~":
            self.replace("flag", token, "")
        elif text == "!" and self.tokens[i + 1].text != "!":
            self.replace("not", token, "")
        elif text in NAMES:
            self.replace("name", token, NAMES[text])
        elif text == "?":
            self.choice(i)
        else:
            self.number(token)

    def declarator(self, i):
        """True if a star may belong to the declaration of a pointer."""
        before, after = self.tokens[i - 1], self.tokens[i + 1]
        return (before.text.endswith("_t") or before.text in (")", "u64", "void")
                or self.tokens[i - 2].text in ("struct", "const", "enum")
                or after.text in (")", "*", ","))

    def choice(self, i):
        """Negate the condition of a ? b : c."""
        j = i - 1
        while self.tokens[j].text not in ("=", "return", "(", ",", "?", ":",
                                          "{", "}", ";", "+=", "-=", "|=", "["):
            j = self.partner[j] if self.tokens[j].text in (")", "]") else j
            j -= 1
        start, end = self.tokens[j + 1].start, self.tokens[i - 1].end
        self.add("choice", self.between(j + 1, i),
                 (start, start, "!("), (end, end, ")"))


JUMPS = {"return", "break", "continue", "goto"}


def squeeze(text):
    text = re.sub(r"/\*.*?(\*/|$)", " ", text, flags=re.S)
    return re.sub(r"\s+", " ", text).strip()


def ranked(mutants, seed=""):
    """Return the mutants in the order to run them: the mutants of mutants.chosen, then
    one mutant of each operator in turn."""
    chosen = [mutant for mutant in mutants if mutant.suites]
    mutants = [mutant for mutant in mutants if not mutant.suites]

    def rank(text):
        return hashlib.sha256((seed + text).encode()).digest()

    turns = {}
    for mutant in sorted(mutants, key=lambda mutant: rank(mutant.name)):
        turns.setdefault(mutant.operator, []).append(mutant)
    order = sorted(turns, key=lambda op: rank(mutants[0].file + op))
    longest = max((len(turn) for turn in turns.values()), default=0)
    return chosen + [turns[op][i] for i in range(longest) for op in order
                     if i < len(turns[op])]


def shares(sizes, count):
    """Return the number of mutants to run of each file: at least two, and proportional
    to the number of possible mutants."""
    total = sum(sizes.values())
    return {name: min(size, max(2, round(count * size / total)))
            for name, size in sizes.items()}
