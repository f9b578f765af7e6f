#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Check that the rules in the contract and the tests that cite them agree.

usage: contract.py [--write] [--tree DIRECTORY]

Documentation/contract.rst states the rules. Each rule begins with its label and a line
in one of these forms:

    .. _rule-7:

    [7] Title (`tests <tests-7_>`__)
    [49] Title *(planned)*

A test cites a rule by its number in brackets, in a comment, or at the beginning of a
string. A citation in a test case, or in the comment before the case, counts for that
case. A citation in a helper or a table counts for the cases of the file that use the
helper or the table. Any other citation counts for the file. In model/, a citation in
the line of a check counts for that check.

Documentation/contract-tests.inc is the resulting table of rules and tests; --write
writes it. --tree: check this tree instead of the one that contains this script.
"""

import argparse
import collections
import os
import re
import sys
import textwrap

PAGE = "Documentation/contract.rst"
TABLE = "Documentation/contract-tests.inc"
PLACES = [("kunit", (".c", ".h")), ("torture", (".c", ".h")), ("model", (".pml",))]
HOW = "[N] TITLE (`tests <tests-N_>`__), or [N] TITLE *(planned)*"

COMMENT_OR_STRING = re.compile(r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ ) |
    "(?P<string> (?:\\.|[^"\\\n])* )" |
    '(?:\\.|[^'\\\n])+'
    """, re.S | re.X)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
# The index of an array is not a citation.
CITATION = re.compile(r"(?<![\w\])])\[(\d+)\]")
CITATIONS_FIRST = re.compile(r"(?:\[\d+\],? *)+")
CASE = re.compile(r"\bKUNIT_CASE\w*\(([^)]*)\)")
SUITE = re.compile(r"\bstruct kunit_suite\s+\w+\s*=\s*\{.*?\.name\s*=\s*\"([^\"]+)\"",
                   re.S)
CHECK = re.compile(r"^ \* check (\S+) \|")

Rule = collections.namedtuple("Rule", "title planned")
Comment = collections.namedtuple("Comment", "start text")
Citation = collections.namedtuple("Citation", "rule where case path line")


class Item:
    """A function, variable, type or macro, with the text that precedes it."""

    def __init__(self, start, end, name, words=()):
        self.start = start
        self.end = end
        self.name = name
        self.words = set(words)


def read(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as file:
        return file.read()


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def blank(text, start, end):
    """Return the text with blanks from start to end."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def split(text):
    """Return the code with blanks for comments and strings, and the comments."""
    comments = []
    code = []
    at = 0
    for match in COMMENT_OR_STRING.finditer(text):
        code += [text[at:match.start()], re.sub(r"[^\n]", " ", match[0])]
        at = match.end()
        if match["comment"]:
            comments.append(Comment(match.start(), match[0]))
        elif match["string"]:
            first = CITATIONS_FIRST.match(match["string"])
            if first:
                comments.append(Comment(match.start(), first[0]))
    return "".join(code) + text[at:], comments


def name_of(head):
    """Return the name that an item defines; @head ends before its body or initialiser."""
    generator = re.search(r"\bKUNIT_ARRAY_PARAM\w*\(\s*(\w+)", head)
    if generator:
        return generator[1] + "_gen_params"
    function = re.search(r"(\w+)\s*\(", head)
    if function:
        return function[1]
    words = re.findall(r"\w+", re.sub(r"\[[^]]*\]|=.*", " ", head, flags=re.S))
    return words[-1] if words else None


def items_of(code):
    """Return the top-level items of a file in C, in order."""
    items = []
    for match in DIRECTIVE.finditer(code):
        macro = re.match(r"\s*#\s*define\s+(\w+)", match[0])
        items.append(Item(match.start(), match.end(), macro and macro[1],
                          re.findall(r"\w+", match[0])))
    for item in items:
        code = blank(code, item.start, item.end)
    ends = sorted(item.end for item in items)

    start = depth = 0
    head = None
    body = False
    for match in re.finditer(r"[{};=]", code):
        char = match[0]
        if char == "{":
            if not depth and head is None:
                head = match.start()
                body = code[start:head].rstrip().endswith(")")
            depth += 1
        elif char == "}":
            depth -= 1
        elif char == "=" and not depth and head is None:
            head = match.start()
        if depth or not (char == ";" or (char == "}" and body)):
            continue
        # Directives before the item are items of their own.
        start = max([start] + [end for end in ends if end <= match.start() and
                               not code[start:end].strip()])
        head = match.start() if head is None else head
        items.append(Item(start, match.end(), name_of(code[start:head]),
                          re.findall(r"\w+", code[start:match.end()])))
        start = match.end()
        head = None
        body = False
    return sorted(items, key=lambda item: (item.start, -item.end))


def cases_of(code):
    """Return {registered case: names of the generators of its parameters}."""
    cases = {}
    for match in CASE.finditer(code):
        case, *params = re.findall(r"\w+", match[1])
        cases[case] = set(params)
    return cases


def users_of(items, cases):
    """Return {name: cases that use it, directly or through other names}; a case uses
    its own name."""
    words = collections.defaultdict(set)
    for item in items:
        words[item.name] |= item.words
    for case, params in cases.items():
        words[case] |= params
    users = collections.defaultdict(set)
    for case in cases:
        todo = [case]
        while todo:
            name = todo.pop()
            if case not in users[name]:
                users[name].add(case)
                todo += words[name] & words.keys()
    return users


def citations_in_c(text, path):
    code, comments = split(text)
    items = items_of(code)
    cases = cases_of(code)
    suite = SUITE.search(text)
    users = users_of(items, cases)
    for comment in comments:
        # The item that contains the comment, or the first item after the comment.
        item = next((item for item in items if comment.start < item.end and
                     item.start <= comment.start), None) or \
            next((item for item in items if comment.start < item.start), None)
        name = item and item.name
        using = {name} if name in cases else users.get(name) or {""}
        for match in CITATION.finditer(comment.text):
            for case in using:
                yield Citation(int(match[1]), suite[1] if suite else path, case,
                               path, line_of(text, comment.start + match.start()))


def citations_in_model(text, path):
    for comment in split(text)[1]:
        for match in CITATION.finditer(comment.text):
            line = comment.text[:match.end()].rsplit("\n", 1)[-1]
            check = CHECK.match(line)
            yield Citation(int(match[1]), path, check[1] if check else "", path,
                           line_of(text, comment.start + match.start()))


def citations(top):
    """Yield all citations in the tests, always in the same order."""
    for place, suffixes in PLACES:
        for root, dirs, files in os.walk(os.path.join(top, place)):
            dirs.sort()
            for name in sorted(files):
                if not name.endswith(suffixes) or name.endswith(".mod.c"):
                    continue
                path = os.path.relpath(os.path.join(root, name), top)
                yield from (citations_in_model if path.endswith(".pml")
                            else citations_in_c)(read(top, path), path)


def rules_of(text, problem):
    """Return the rules of the page, by number."""
    rules = {}
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        first = re.match(r"\[(\d+)\] ", line)
        if not first:
            if line.startswith(".. _rule-") and \
                    not re.match(r"\[\d+\] ", "".join(lines[number + 1:number + 2])):
                problem(PAGE, number, f"no rule follows the label: write it as {HOW}")
            continue
        rule = int(first[1])
        label = f".. _rule-{rule}:"
        if lines[max(number - 3, 0):number - 1] != [label, ""]:
            problem(PAGE, number, f"the label of rule [{rule}] is missing: put '{label}' "
                    "and a blank line before the rule")
        form = re.fullmatch(rf"\[{rule}\] (.*\S) "
                            rf"(\(`tests <tests-{rule}_>`__\)|(\*\(planned\)\*))", line)
        if not form:
            problem(PAGE, number, f"the first line of rule [{rule}] has another form: "
                    f"write it as {HOW}")
            continue
        if rule in rules:
            problem(PAGE, number, f"there is a rule [{rule}] already: give this rule "
                    "another number")
        rules[rule] = Rule(form[1], bool(form[3]))
    for rule in range(1, max(rules, default=0)):
        if rule not in rules:
            problem(PAGE, 1, f"there is no rule [{rule}]: the numbers have no gaps")
    return rules


def check(rules, cited, problem):
    for citation in cited:
        rule = rules.get(citation.rule)
        if not rule:
            problem(citation.path, citation.line,
                    f"there is no rule [{citation.rule}] in {PAGE}: "
                    "correct the number")
        elif rule.planned:
            problem(citation.path, citation.line,
                    f"rule [{citation.rule}] is only planned: if vmem follows it, "
                    f"replace *(planned)* by the link to the tests in {PAGE}")
    tested = {citation.rule for citation in cited
              if citation.case and citation.path.startswith("kunit/")}
    for number, rule in sorted(rules.items()):
        if not rule.planned and number not in tested:
            problem(PAGE, 1, f"no test case in kunit/ cites rule [{number}]: put "
                    f"\"[{number}]\" in the comment of the case that checks it")


def check_pages(top, rules, problem):
    """Check that pages cite existing rules only; planned rules are allowed."""
    for name in sorted(os.listdir(os.path.join(top, "Documentation"))):
        if not name.endswith(".rst"):
            continue
        path = f"Documentation/{name}"
        text = read(top, path)
        for match in CITATION.finditer(text):
            if int(match[1]) not in rules:
                problem(path, line_of(text, match.start()),
                        f"there is no rule {match[0]} in {PAGE}: correct the number")


def cell(bullet, text):
    """Return the lines of a cell of a list-table."""
    lines = textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)
    return [f"{bullet} {lines[0]}"] + [" " * 7 + line for line in lines[1:]]


def table(rules, cited):
    lines = [".. SPDX-License-Identifier: GPL-2.0",
             "..",
             "   Written by scripts/contract --write from the comments of the tests.",
             "",
             ".. list-table::",
             "   :header-rows: 1",
             "   :widths: 30 25 45",
             "",
             "   * - Rule",
             "     - Suite or model",
             "     - Test cases or checks"]
    for number, rule in sorted(rules.items()):
        if rule.planned:
            continue
        cases = collections.defaultdict(set)
        shared = set()
        for citation in cited:
            if citation.rule == number and citation.case:
                cases[citation.where].add(citation.case)
            elif citation.rule == number:
                shared.add(citation.where)
        rows = [(f"``{where}``", cases[where])
                for where in sorted(cases, key=lambda where: ("/" in where, where))]
        if shared:
            rows.append(("in shared code", shared))
        for row, (where, names) in enumerate(rows):
            if not row:
                lines += [f"   * - .. _tests-{number}:", ""]
                lines += cell("      ", f"`[{number}] <rule-{number}_>`__ {rule.title}")
            else:
                lines += ["   * -"]
            lines += [f"     - {where}"]
            lines += cell("     -", ", ".join(f"``{name}``" for name in sorted(names)))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description="Check that the contract and the tests agree.")
    parser.add_argument("--write", action="store_true",
                        help=f"write {TABLE}")
    parser.add_argument("--tree", metavar="DIRECTORY",
                        default=os.path.join(os.path.dirname(__file__), "..", ".."),
                        help="check this tree instead of the one that contains this "
                        "script")
    args = parser.parse_args()
    problems = []

    def problem(path, line, text):
        problems.append(f"{path}:{line}: {text}")

    rules = rules_of(read(args.tree, PAGE), problem)
    cited = list(citations(args.tree))
    check(rules, cited, problem)
    check_pages(args.tree, rules, problem)

    wanted = table(rules, cited)
    path = os.path.join(args.tree, TABLE)
    if args.write:
        with open(path, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif not os.path.exists(path) or read(args.tree, TABLE) != wanted:
        problem(TABLE, 1, "the table differs from the tests: run scripts/contract --write")

    for text in problems:
        print(f"contract: {text}")
    planned = sum(rule.planned for rule in rules.values())
    places = {(citation.path, citation.line, citation.rule) for citation in cited}
    print(f"contract: {len(rules) - planned} rules, {planned} planned, "
          f"{len(places)} citations, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
