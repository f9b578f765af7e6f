# SPDX-License-Identifier: GPL-2.0
"""Find the sentences of the tree: comments, documentation, messages.

The type of a file selects its reader. A paragraph is a list of lines over which its
sentences wrap. A cell of a table, an item of a list and a parameter in kernel-doc are
paragraphs. Blocks of code are ignored.
"""

import ast
import fnmatch
import io
import os
import re
import subprocess
import tokenize
from bisect import bisect_right

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Files without sentences of the project: recorded, generated, or a licence.
SKIP = ("COPYING", "tests/*/recorded/*", "Documentation/debugging/*",
        "Documentation/benchmarks/*", "*.svg", "*.xz", "*.csv")

CODE = "\x01"           # stands for a character of code

# Code within a sentence: quotations, and tokens that match CODE_TOKEN.
QUOTED = re.compile(r":[\w:]+:`[^`]*`|``.+?``|`[^`]+`|\"[^\s\"]+\"|'[^\s']+'(?!\w)"
                    r"|\[[^\]\s]*\]|https?://\S+")
TOKEN = re.compile(r"\S+")
CODE_TOKEN = re.compile(r"\(\)|[A-Za-z]\(|->|::|[_@&%$#=<>{}|\\~^*+\x01]|[A-Za-z]\.[A-Za-z]"
                        r"|[A-Za-z]/\w*[./]|^[./~]|^-|[A-Za-z]\d|\d[A-Za-z]|[a-z][A-Z]")
UPPER = re.compile(r"^[A-Z][A-Z\d]+(?:'s)?$")
TRIM = "\"'(),.;:!?"
WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")

END = re.compile(r"[.!?][\"')\]*]*\s+")
ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|etc|approx|resp|Fig|Vol|No|pp|[A-Z])"
                          r"|\.\.)\.$")

LIST_ITEM = re.compile(r"(\s*(?:[-*+]|\d{1,2}[.)]|\(?[a-z0-9]\)|#\.)\s+)\S")
FIELD = re.compile(r"(\s*(?::[\w ()-]+:|@[\w.>-]+(?:\(\))?:|[A-Z][a-z]+:(?=\s+\S)))\s*(.*)")
TABLE = re.compile(r"\s*=+(?: +=+)+\s*$")
RULER = re.compile(r"\s*([-=~^\"'#+*:.])\1{2,}[-=~^+|\s]*$")
UNDERLINE = re.compile(r"([-=~^\"'#+*])\1{2,}$")
COLUMNS = re.compile(r"(.*[^\s.!?:;,])(\s{2,})(\S.*)$")
DIRECTIVE = re.compile(r"(\s*)\.\. ([\w-]+)::")
PROSE_DIRECTIVES = {"figure", "image", "note", "warning", "tip", "important"}
LITERAL_COMMENT = re.compile(r"\S\s+# +(\S.*)$")


class Sentence:
    """A sentence and its place."""

    def __init__(self, path, kind, where, text, starts):
        self.path = path
        self.kind = kind
        self.where = where      # the function or the heading
        self.text = text
        self.starts = starts    # [(offset in the text, line number)]
        self.masked = mask(text)

    @property
    def line(self):
        return self.starts[0][1]

    def line_at(self, offset):
        """Return the number of the line at an offset in the text."""
        at = bisect_right([start for start, _ in self.starts], offset)
        return self.starts[max(at, 1) - 1][1]

    def is_long(self):
        """True for a sentence or a phrase, false for a label."""
        return len(WORD.findall(self.masked)) >= 2 and len(self.text.split()) >= 4


def mask(text):
    """Return the text with CODE in the place of each character of code."""
    text = QUOTED.sub(lambda match: CODE * len(match[0]), text)

    def token(match):
        word = match[0]
        bare = word.strip(TRIM)
        if CODE_TOKEN.search(word) or UPPER.match(bare):
            return CODE * len(word)
        return word

    return TOKEN.sub(token, text)


def is_prose(masked):
    """True if words outnumber the tokens that are operators or figures."""
    words = len(WORD.findall(masked))
    others = sum(1 for token in masked.split()
                 if not WORD.search(token) and CODE not in token)
    return words > others


# --- Paragraphs.

def indent_of(text):
    return len(text) - len(text.lstrip())


def cells(text, bounds):
    """Split a row of a table at the columns of its ruler."""
    for at, start in enumerate(bounds):
        end = bounds[at + 1] if at + 1 < len(bounds) else None
        yield text[start:end].strip()


class Splitter:
    """Splits the lines of a comment or a page into paragraphs."""

    def __init__(self, rst):
        self.rst = rst
        self.paragraphs = []
        self.current = None     # paragraph that the next line may continue
        self.indent = 0         # indent of the first line of the paragraph
        self.content = 0        # indent of its other lines
        self.literal = None     # indent beyond which lines are code, or None
        self.hanging = False    # true if its other lines may be indented deeper
        self.bounds = None      # columns of the current table, or None
        self.rulers = 0         # number of rulers of the table so far
        self.after_ruler = False
        self.rows = None        # paragraphs of the current row, one per column

    def begin(self, number, text, indent, content):
        self.current = [(number, text)]
        self.paragraphs.append(self.current)
        self.indent, self.content = indent, content

    def table(self, number, text):
        """Take one more line of a table."""
        if TABLE.match(text) or not text.strip():
            self.rows = None
            return
        row = list(cells(text, self.bounds))
        if row[0] or self.rows is None:
            self.rows = [[] for _ in row]
            self.paragraphs += self.rows
        for paragraph, cell in zip(self.rows, row):
            if cell:
                paragraph.append((number, cell))

    def take(self, number, text):
        """Take one more line."""
        if self.bounds:
            # A table ends at a ruler that a blank line follows.
            if text.strip() or self.rulers < 2 or not self.after_ruler:
                self.after_ruler = bool(TABLE.match(text))
                self.rulers += self.after_ruler
                self.table(number, text)
                return
            self.bounds = None
        if not text.strip():
            if self.current and self.current[-1][1].endswith("::"):
                self.literal = self.indent
            self.current = None
            return
        indent = indent_of(text)
        if self.literal is not None:
            if indent > self.literal:
                comment = LITERAL_COMMENT.search(text)
                if comment:
                    self.paragraphs.append([(number, comment[1])])
                return
            self.literal = None
        if TABLE.match(text):
            self.bounds = [match.start() for match in re.finditer("=+", text)]
            self.rulers, self.after_ruler, self.rows = 1, True, None
            self.current = None
            return
        if RULER.match(text):
            self.current = None
            return
        self.line(number, text, indent)

    def line(self, number, text, indent):
        """Take one more line that is not blank, not code, and outside tables."""
        directive = DIRECTIVE.match(text) if self.rst else None
        if directive:
            self.current = None
            if directive[2] not in PROSE_DIRECTIVES:
                self.literal = len(directive[1])
            return
        if text.startswith("|"):
            for cell in text.split("|"):
                self.paragraphs.append([(number, cell)])
            self.current = None
            return
        if text.count(" | ") >= 2:
            at = text.rindex(" | ") + 3
            self.begin(number, text[at:], indent, at)
            return
        if self.continues(text, indent):
            self.current.append((number, text.strip()))
            return
        field = FIELD.match(text)
        item = LIST_ITEM.match(text)
        columns = COLUMNS.match(text)
        if item:
            at = len(item[1])
            self.begin(number, text[at:], indent, at)
            self.hanging = True
        elif field:
            name = field[1].strip()
            if self.rst and name.startswith(":") and name != ":alt:":
                self.current = None     # the option of a directive
                return
            self.begin(number, field[2], indent, indent)
            self.hanging = True
        elif columns and not self.is_aligned(columns):
            if len(columns[1].split()) > 2:
                self.paragraphs.append([(number, columns[1].strip())])
            at = columns.end(2)
            self.current = None
            self.line(number, " " * at + columns[3], at)
            return
        else:
            self.begin(number, text.strip(), indent, indent)
            self.hanging = not self.rst

    @staticmethod
    def is_aligned(columns):
        """True if the gap aligns the text at both margins."""
        return len(columns[1].split()) > 8

    def continues(self, text, indent):
        """True if this line continues the paragraph."""
        if not self.current or LIST_ITEM.match(text):
            return False
        field = FIELD.match(text)
        if field and indent <= self.indent and not self.rst:
            return False
        if indent == self.content and not self.is_row(text):
            return True
        return self.hanging and indent > self.indent and not self.is_row(text) \
            and (indent <= self.content + 8 or not self.current[-1][1].endswith(":"))

    @staticmethod
    def is_row(text):
        columns = COLUMNS.match(text)
        return bool(columns) and len(columns[1].split()) <= 4


def split(lines, rst=False):
    """Return the paragraphs of lines [(number, text)]."""
    splitter = Splitter(rst)
    for number, text in lines:
        text = re.sub(r"^(\s*)---? (?=\w)| -{3}$", r"\1", text.expandtabs(8).rstrip())
        splitter.take(number, text.rstrip())
    return [paragraph for paragraph in splitter.paragraphs if paragraph]


def sentences(paragraph):
    """Yield (text, [(offset, line number)]) for each sentence of a paragraph."""
    text, starts = "", []
    for number, line in paragraph:
        line = line.strip()
        if not line:
            continue
        starts.append((len(text), number))
        text += line + " "
    begin = 0
    ends = [match.end() for match in END.finditer(text)
            if not ABBREVIATION.search(text[:match.start() + 1])]
    for end in ends + [len(text)]:
        part = re.sub(r"\s*::$", ":", text[begin:end].rstrip())
        skip = len(part) - len(part.lstrip(" (*"))
        own = part[skip:]
        if own:
            at = begin + skip
            first = max(bisect_right([start for start, _ in starts], at) - 1, 0)
            yield own, [(max(start - at, 0), number)
                        for start, number in starts[first:] if start < end]
        begin = end


# --- Readers for the types of files.  Each yields (kind, where, paragraphs).

C_TOKEN = re.compile(r"/\*.*?\*/|(?://[^\n]*(?:\n[ \t]*)?)+|\"(?:\\.|[^\"\\\n])*\""
                     r"|'(?:\\.|[^'\\\n])+'", re.S)
C_DEFINITION = re.compile(
    r"^(?:#\s*define\s+(\w+)|(?:static\s+|typedef\s+|const\s+)*(?:struct|enum|union)\s+"
    r"(\w+)[^;(]*$|[A-Za-z_][\w\s*]*?\b(\w+)\()", re.M)
C_BETWEEN = re.compile(r"\s*(?:\\\n\s*)?(?:[A-Z][A-Z0-9_]*|PRI\w+)?\s*(?:\\\n\s*)?$")
C_NO_MESSAGE = re.compile(r"(?:#\s*include\s*|\b(?:vt_shell|in_dir|TP_printk|seq_puts|strcmp"
                          r"|vt_window_open|asm|__asm__|MODULE_LICENSE)\s*\([^;{}\"]*)$")


def lines_of(number, text):
    return [(number + at, line) for at, line in enumerate(text.split("\n"))]


def comment_lines(number, text):
    """Return the lines of a comment in C without its frame."""
    if text.startswith("//"):
        return [(at, line.strip()[2:]) for at, line in lines_of(number, text.rstrip())]
    lines = lines_of(number, text[2:-2])
    return [(at, re.sub(r"\\$", "", re.sub(r"^\s*\*(?: |$|(?=\t))|^\*$", "", line).rstrip()))
            if at > number else (at, line.lstrip("*").strip().rstrip("\\"))
            for at, line in lines]


def kernel_doc(lines):
    """Yield the lines of kernel-doc; begin a paragraph after the object's name."""
    for number, text in lines:
        name = re.match(r"\s*(?:(?:struct|union|enum|typedef)\s+)?\w+(?:\(\))? - (.*)", text)
        if name:
            yield number, name[1]
            yield number, ""
        elif re.match(r"\s*DOC: ", text):
            yield number, text.strip()[5:]
            yield number, ""
        else:
            yield number, text


def plain_string(text):
    """Return the text of a string in C without escapes."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": " "}.get(match[1], match[1]), text)


def message(parts):
    """Yield the paragraphs of a message [(line number, text)]."""
    paragraphs = [[]]
    for number, text in parts:
        for at, line in enumerate(text.split("\n")):
            if at:
                paragraphs.append([])
            if line.strip():
                paragraphs[-1].append((number, line))
    for paragraph in paragraphs:
        whole = " ".join(text for _, text in paragraph)
        if is_message(whole):
            yield paragraph


PATTERN = re.compile(r"\\[dwsSbW.]|\.\*|\.\+|\(\?|\[\^|^\^|\$$|\[[^\]]*-[^\]]*\][*+]")


def is_message(text):
    """True for a message, false for code, a list of names or a pattern."""
    if text.lstrip().startswith("#") or PATTERN.search(text):
        return False
    words = [word for word in WORD.findall(mask(text)) if len(word) > 1]
    return len(words) >= 3 and len(words) * 2 >= len(text.split()) and is_prose(mask(text))


def read_c(text):
    definitions = [(match.start(), next(filter(None, match.groups()), ""))
                   for match in C_DEFINITION.finditer(text)]
    offsets = [offset for offset, _ in definitions]
    newlines = [match.start() for match in re.finditer("\n", text)]

    def line_of(offset):
        return bisect_right(newlines, offset - 1) + 1

    def where(offset, ahead):
        at = bisect_right(offsets, offset) - (0 if ahead else 1)
        return definitions[at][1] if 0 <= at < len(definitions) else ""

    parts, last, begin = [], 0, 0
    for match in list(C_TOKEN.finditer(text)) + [None]:
        if match and match[0].startswith('"') and parts and \
                C_BETWEEN.match(text[last:match.start()]):
            parts.append((line_of(match.start()), plain_string(match[0][1:-1])))
            last = match.end()
            continue
        if parts:
            yield "message", where(begin, False), list(message(parts))
            parts = []
        if not match:
            return
        token, begin = match[0], match.start()
        if token.startswith('"'):
            before = text[max(0, begin - 200):begin]
            if not C_NO_MESSAGE.search(before):
                parts = [(line_of(begin), plain_string(token[1:-1]))]
                last = match.end()
        elif token.startswith("/"):
            lines = comment_lines(line_of(begin), token)
            at_margin = begin == 0 or text[begin - 1] == "\n"
            kind = "comment"
            if token.startswith("/**") and len(lines) > 1:
                kind, lines = "kernel-doc", list(kernel_doc(lines))
            first = len(lines) > 1 and line_of(begin) < 4
            yield kind, "the file" if first else where(match.end(), at_margin), \
                split(lines)


def hash_comments(found):
    """Yield comments, each a list of adjacent lines (number, text).

    @found: lines of comments [(number, column, text, follows code)]
    """
    group, group_column = [], 0
    for number, column, text, trailing in found:
        goes_on = group and number == group[-1][0] + 1 and not trailing \
            and column == group_column
        if not goes_on and group:
            yield group
            group = []
        group.append((number, text))
        group_column = column
    if group:
        yield group


SHELL_FUNCTION = re.compile(r"^(\w+)\(\) *[({]")
ECHO = re.compile(r"\s*@?echo +$")
SAYS = re.compile(r"\b(?:say|die|need|echo|printf|progress|mark|step)\b[^;|&]*$")


def read_shell(text, per_line=False):
    """Read comments and strings. The reader does not know quotes within $(...)."""
    comments, strings = [], []
    quote, begin, column = "", None, 0
    name, names = "", []
    for number, line in enumerate(text.split("\n"), 1):
        match = SHELL_FUNCTION.match(line)
        if match:
            name = match[1]
        names.append(name)
        if line.startswith("}"):
            name = ""
        if per_line:
            quote = ""
        comment = re.match(r"\s*#(?!!)(.*)", line)
        if comment:
            width = len(line[:comment.start(1)].expandtabs(8))
            comments.append((number, width, comment[1], False))
            continue
        at = 0
        while at < len(line):
            char = line[at]
            if quote:
                if char == "\\" and quote == '"':
                    at += 1
                elif char == quote:
                    body = begin[1][column:] if begin[0] != number else ""
                    body = line[column:at] if begin[0] == number else \
                        body + "\n" + line[:at]
                    strings.append((begin[0], begin[1], column, body, quote))
                    quote = ""
            elif char == "\\":
                at += 1
            elif char in "'\"":
                quote, begin, column = char, (number, line), at + 1
            elif char == "#" and at and line[at - 1] in " \t":
                width = len(line[:at].expandtabs(8)) + 1
                comments.append((number, width, line[at + 1:], True))
                break
            at += 1
        if quote and begin[0] != number:
            begin = (begin[0], begin[1] + "\n" + line)
    for group in hash_comments(comments):
        paragraphs = split(group)
        number = group[0][0]
        where = names[number - 1]
        ahead = names[min(number + len(group) - 1, len(names) - 1)]
        yield "comment", where or ahead, paragraphs
    text_lines = text.split("\n")
    echoed = []                 # lines of a text, each printed by its own echo
    for number, line, column, body, quote in strings + [(0, "", 0, "", "")]:
        if echoed and number != echoed[-1][0] + 1:
            yield "message", names[echoed[0][0] - 1], [
                paragraph for paragraph in split(echoed)
                if is_message(" ".join(part for _, part in paragraph))]
            echoed = []
        if ECHO.match(line[:column - 1] if column else "") \
                and text_lines[number - 1][column + len(body):] in ("'", '"'):
            echoed.append((number, body))
            continue
        if quote == "'" and not SAYS.search(line.split("\n")[0][:column - 1]):
            continue
        body = body.replace("\\\n", " ")
        parts = [(at, part.replace("\\n", "\n"))
                 for at, part in lines_of(number, body)]
        yield "message", names[number - 1], list(message(parts))


def read_make(text):
    yield from read_shell(text, per_line=True)


def read_config(text):
    comments = []
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"()#(.*)", line) or re.match(r"(.*\s)#(.*)", line)
        if match:
            comments.append((number, len(match[1].expandtabs(8)), match[2],
                             bool(match[1])))
    for group in hash_comments(comments):
        yield "comment", "", split(group)


def read_kconfig(text):
    yield from read_config(text)
    name, help_lines, margin = "", None, None
    for number, line in enumerate(text.split("\n") + ["end"], 1):
        if help_lines is not None:
            wide = line.expandtabs(8)
            if not wide.strip() or indent_of(wide) >= (margin or 1):
                if wide.strip() and margin is None:
                    margin = indent_of(wide)
                help_lines.append((number, wide))
                continue
            yield "help", name, split(help_lines)
            help_lines = None
        if line.startswith("config "):
            name = line.split()[1]
        if line.strip() == "help":
            help_lines, margin = [], None
            continue
        match = re.match(r'[^#"]*"([^"]*)"', line)
        if match:
            yield "help", name, list(message([(number, match[1])]))


def string_of(node):
    """Return the text of a string in Python, with {} for each expression, or None for
    another node."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}"
                       for part in node.values)
    return None


def read_python(text):
    tree = ast.parse(text)
    scopes = sorted((node.lineno, node.end_lineno, node.name) for node in ast.walk(tree)
                    if isinstance(node, (ast.FunctionDef, ast.ClassDef)))

    def where(number):
        names = [name for first, last, name in scopes if first <= number <= last]
        return names[-1] if names else ""

    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False):
            string = node.body[0].value
            seen.add(string)
            yield "docstring", where(string.lineno), \
                split(lines_of(string.lineno, string.value))
        if isinstance(node, ast.JoinedStr):
            seen.update(node.values)
        string = None if node in seen else string_of(node)
        if string and string.count("\n") > 2:
            yield "message", where(node.lineno), split(lines_of(node.lineno, string))
        elif string:
            yield "message", where(node.lineno), list(message([(node.lineno, string)]))
    comments = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith("#!"):
            number, column = token.start
            before = token.line[:column]
            comments.append((number, len(before.expandtabs(8)), token.string[1:],
                             bool(before.strip())))
    for group in hash_comments(comments):
        yield "comment", where(group[0][0]), split(group)


def read_rst(text):
    lines = lines_of(1, text)
    headings = []
    for (number, line), (_, below) in zip(lines, lines[1:]):
        if line.strip() and line[0] not in " .=-" and UNDERLINE.match(below) \
                and len(below) >= len(line):
            headings.append((number, line.strip()))
    titles = {number for number, _ in headings}
    begin, where = 0, ""
    for at, (number, line) in enumerate(lines + [(len(lines) + 1, "")]):
        if number in titles or at == len(lines):
            yield "docs", where, split(lines[begin:at], rst=True)
            begin, where = at + 1, line.strip()
            if number in titles:
                yield "heading", where, [[(number, line.strip())]]


def read_markdown(text):
    where, block, code = "", [], False
    for number, line in lines_of(1, text):
        if line.startswith("```"):
            code = not code
        elif code:
            continue
        elif line.startswith("#"):
            yield "docs", where, split(block, rst=True)
            where, block = line.strip("# "), []
            yield "heading", where, [[(number, where)]]
        elif line.startswith("    ") and (not block or not block[-1][1].strip()
                                          or block[-1][1].startswith("\0")):
            comment = LITERAL_COMMENT.search(line)
            if comment:
                yield "docs", where, [[(number, comment[1])]]
            block.append((number, ""))
        else:
            block.append((number, line))
    yield "docs", where, split(block, rst=True)


def read_list(text):
    """Read a list in scripts/: its comments, rows with bars, and indented reasons."""
    yield from read_config(text)
    reason, entry = [], ""
    for number, line in lines_of(1, text) + [(0, "")]:
        if line.startswith("\t"):
            reason.append((number, line.strip()))
            continue
        if reason:
            yield "reason", entry, [reason]
            reason = []
        if line and line[0] not in "#-+ @":
            entry = line[:60]
            row = line.split(" | ")
            if len(row) == 3:
                cell = row[1] if row[2].startswith("vmem_") else row[2]
                yield "cell", row[0], [[(number, cell)]]


def read_patch(text):
    yield "comment", "", split(lines_of(1, text.split("\n--- ")[0]))


BY_NAME = [
    ("*.[ch]", read_c), ("*.pml", read_c), ("*.inc", read_c), ("*.py", read_python),
    ("*.sh", read_shell), ("*.rst", read_rst), ("*.md", read_markdown),
    ("*.config", read_config), ("*.patch", read_patch), ("*.list", read_config),
    ("*Makefile", read_make), ("*Kbuild", read_make), ("*Kconfig", read_kconfig),
    ("*.gitignore", read_config), ("scripts/mutants.*", read_list),
    ("scripts/coverage.reasons", read_list),
]


def reader_of(path, text):
    """Return the reader for a file, or None."""
    for glob, reader in BY_NAME:
        if fnmatch.fnmatch(path, glob):
            return reader
    first = text.split("\n", 1)[0]
    if first.startswith("#!"):
        return read_python if "python" in first else read_shell
    return None


def sentences_of(path, text):
    """Return all sentences of a file with this path and text, in order."""
    found = []
    reader = reader_of(path, text)
    for kind, where, paragraphs in reader(text) if reader else []:
        for paragraph in paragraphs:
            for own, starts in sentences(paragraph):
                if "SPDX-License" in own or re.match(r"shellcheck |pylint|noqa", own):
                    continue
                sentence = Sentence(path, kind, where, own, starts)
                if is_prose(sentence.masked):
                    found.append(sentence)
    return sorted(found, key=lambda sentence: sentence.line)


def tracked_files(top):
    """Return the paths of the files that git tracks or does not ignore."""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", top, "ls-files", "-co",
         "--exclude-standard"], capture_output=True, text=True, check=True)
    return [path for path in sorted(set(done.stdout.splitlines()))
            if not any(fnmatch.fnmatch(path, glob) for glob in SKIP)]


def all_sentences(top, within=None):
    """Yield the sentences of the tree in order.

    @within: read only these files and directories
    """
    for path in tracked_files(top):
        if within and not any(path == name or path.startswith(name + "/") or name == "."
                              for name in within):
            continue
        try:
            with open(os.path.join(top, path), encoding="utf-8") as file:
                text = file.read()
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
            continue            # a removed file, a submodule or a binary file
        yield from sentences_of(path, text)
