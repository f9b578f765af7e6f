# SPDX-License-Identifier: GPL-2.0
"""Check every sentence of the tree against a list of words; draw random sentences.

usage: words [OPTION]... [FILE|DIRECTORY]...

Without an option: print each word of scripts/words.list that occurs in a sentence of
a comment, page, message or help text, as "FILE:LINE: 'WORD': say ...". Code in a
sentence is not checked: text in ``backquotes``, and tokens with an underscore or with
parentheses.

  --sample N   print N random sentences
  --seed SEED  repeat the sample that printed this seed, from an unchanged tree
  --count      print the numbers of sentences and of reported words per directory

The exit status is 1 if a word is reported or an exception excuses nothing, and 2 if the
list has an error.
"""

import argparse
import fnmatch
import os
import random
import re
import sys
import textwrap

from sentences import TOP, all_sentences

LIST = os.path.join(TOP, "scripts", "words.list")


class ListError(Exception):
    """An error in a line of the list."""


class Rule:
    """A pattern of words, and the words to use instead."""

    def __init__(self, pattern, advice):
        self.advice = advice
        # A pattern matches whole words; ^ is the start of a sentence.
        self.pattern = re.compile(rf"(?<![\w-])(?:{pattern})(?!\w)", re.IGNORECASE)


class Exemption:
    """An exception: the files that match a glob may use a pattern."""

    def __init__(self, number, glob, pattern):
        self.number = number
        self.glob = glob
        self.pattern = re.compile(pattern, re.IGNORECASE)
        self.used = False

    def excuses(self, sentence, match):
        """True if the exception covers the words that a rule has matched."""
        if not fnmatch.fnmatch(sentence.path, self.glob):
            return False
        return any(found.start() <= match.start() and match.end() <= found.end()
                   for found in self.pattern.finditer(sentence.text))


class WordList:
    """The rules and the exceptions of a list."""

    def __init__(self, text, name="words.list"):
        self.name = name
        self.rules = []
        self.exemptions = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self.take(number, line)
            except (ListError, re.error) as error:
                raise ListError(f"{name}:{number}: {error}") from None
        # Fast path: most sentences match no rule.
        self.any = re.compile("|".join(rule.pattern.pattern for rule in self.rules)
                              or "(?!)", re.IGNORECASE)

    def take(self, number, line):
        """Take one line of the list."""
        if not line.strip() or line.startswith("#"):
            return
        parts = [part.strip() for part in line.split(" | ")]
        if parts[0] == "except":
            if len(parts) != 4 or not parts[3]:
                raise ListError("an exception is: except | FILES | PATTERN | REASON")
            self.exemptions.append(Exemption(number, parts[1], parts[2]))
        elif len(parts) != 2 or not parts[1]:
            raise ListError("a rule is: PATTERN | INSTEAD")
        else:
            self.rules.append(Rule(*parts))

    def hits(self, sentence):
        """Return the words of a sentence that rules match: [(line, word, advice)]."""
        if not self.any.search(sentence.masked):
            return []
        found = []
        for rule in self.rules:
            for match in rule.pattern.finditer(sentence.masked):
                excuses = [exemption for exemption in self.exemptions
                           if exemption.excuses(sentence, match)]
                for exemption in excuses:
                    exemption.used = True
                if not excuses:
                    found.append((sentence.line_at(match.start()),
                                  sentence.text[match.start():match.end()],
                                  rule.advice))
        return found

    def unused(self):
        """Return a message for each exception that has excused nothing."""
        return [f"{self.name}:{exemption.number}: no sentence needs this exception"
                for exemption in self.exemptions if not exemption.used]


def check(words, found, whole):
    """Print the hits in these sentences; return true if there are none."""
    number = 0
    for sentence in found:
        for line, word, advice in words.hits(sentence):
            print(f"{sentence.path}:{line}: '{textwrap.shorten(word, 50)}': say {advice}")
            number += 1
    unused = words.unused() if whole else []
    for line in unused:
        print(line)
    print(f"words: {number} in {len(found)} sentences")
    return not number and not unused


def sample(found, number, seed):
    """Print random sentences with their places."""
    found = [sentence for sentence in found if sentence.is_long()]
    drawn = random.Random(seed).sample(found, min(number, len(found)))
    print(f"seed {seed}: {len(drawn)} of {len(found)} sentences")
    for at, sentence in enumerate(drawn, 1):
        where = f", {sentence.where}" if sentence.where else ""
        print(f"\n{at}. {sentence.path}:{sentence.line} ({sentence.kind}{where})")
        print(textwrap.fill(sentence.text, 90, initial_indent="    ",
                            subsequent_indent="    ", break_long_words=False,
                            break_on_hyphens=False))


def count(words, found):
    """Print the number of sentences and of hits for each directory."""
    table = {}
    for sentence in found:
        row = table.setdefault(os.path.dirname(sentence.path) or ".", [0, 0])
        row[0] += 1
        row[1] += len(words.hits(sentence))
    print(f"{'directory':24} {'sentences':>9} {'words':>6}")
    for name, row in sorted(table.items()):
        print(f"{name:24} {row[0]:9} {row[1]:6}")
    total = [sum(column) for column in zip(*table.values())] or [0, 0]
    print(f"{'total':24} {total[0]:9} {total[1]:6}")


def names(paths):
    """Yield the names of files and directories relative to the tree."""
    for path in paths:
        if not os.path.exists(path):
            raise ListError(f"there is no {path}")
        yield os.path.relpath(os.path.realpath(path), TOP)


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="words", description=__doc__, usage=argparse.SUPPRESS,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--sample", type=int, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        with open(LIST, encoding="utf-8") as file:
            words = WordList(file.read(), os.path.relpath(LIST, TOP))
        within = list(names(options.files))
    except (ListError, OSError) as error:
        print(f"words: {error}", file=sys.stderr)
        return 2
    found = list(all_sentences(TOP, within))
    if options.sample is not None:
        seed = options.seed
        sample(found, options.sample,
               random.SystemRandom().randrange(10 ** 6) if seed is None else seed)
        return 0
    if options.count:
        count(words, found)
        return 0
    return 0 if check(words, found, not within) else 1
