# SPDX-License-Identifier: GPL-2.0
"""
A subset of the kernel's ``.. kernel-doc::`` directive, and links from every
``function()`` in the text to its description.

The directive runs the kernel's scripts/kernel-doc on a source file and inserts
the output. The configuration value ``kernel_doc`` is the path of that script.
In a kernel tree, use the kernel's own directive instead.
"""

import os
import re
import subprocess

from docutils import nodes, statemachine
from docutils.parsers.rst import Directive, directives
import sphinx
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.nodes import nested_parse_with_titles

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
CALL = re.compile(r'\b(\w+)\(\)')

logger = logging.getLogger(__name__)


class KernelDoc(Directive):
    required_arguments = 1
    option_spec = {
        'doc': directives.unchanged_required,
        'identifiers': directives.unchanged,
        'export': directives.unchanged,
    }
    has_content = False

    def run(self):
        env = self.state.document.settings.env
        source = os.path.join(TOP, self.arguments[0])
        env.note_dependency(source)

        command = [env.config.kernel_doc, '-rst',
                   '-sphinx-version', sphinx.__version__]
        if 'doc' in self.options:
            command += ['-function', self.options['doc']]
        for name in self.options.get('identifiers', '').split():
            command += ['-function', name]
        if 'export' in self.options:
            command += ['-export']
        done = subprocess.run(command + [source], capture_output=True,
                              text=True, cwd=TOP)
        for line in done.stderr.splitlines():
            logger.warning('%s', line, location=(env.docname, self.lineno))
        if done.returncode or not done.stdout.strip():
            logger.warning('kernel-doc prints nothing for %s', source,
                           location=(env.docname, self.lineno))

        lines = statemachine.StringList()
        for number, line in enumerate(self.tidy(done.stdout).splitlines()):
            lines.append(line, source, number)
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, lines, node)
        return node.children

    def tidy(self, text):
        # The page has a title for each DOC section: remove the generated one.
        if 'doc' in self.options:
            text = re.sub(r'(?m)^\.\. _.*:\n\n\*\*.*\*\*\n', '', text)
        # kernel-doc treats object-like macros as functions: remove the
        # parentheses and the list of parameters.
        return re.sub(r'(\.\. c:macro:: (\w+)\n\n)``\2 \(\)``\n'
                      r'((?:.|\n)*?)\*\*Parameters\*\*\n\n'
                      r'\*\*Description\*\*\n', r'\1\3', text)


def link_calls(app, doctree, docname):
    """Link each function() in the text that these pages describe."""
    domain = app.env.get_domain('c')
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.literal, nodes.reference)) or \
           any(isinstance(n, (nodes.title, nodes.literal_block, addnodes.desc_signature))
               for n in ancestors(text)):
            continue
        out, at = [], 0
        for call in CALL.finditer(text):
            target = nodes.literal('', call.group(0))
            wanted = addnodes.pending_xref('', refdomain='c', reftype='func',
                                           reftarget=call.group(1))
            link = domain.resolve_xref(app.env, docname, app.builder, 'func',
                                       call.group(1), wanted, target)
            if link is None:
                continue
            out += [nodes.Text(text[at:call.start()]), link]
            at = call.end()
        if out:
            text.parent.replace(text, out + [nodes.Text(text[at:])])


def ancestors(node):
    while node.parent is not None:
        node = node.parent
        yield node


def setup(app):
    app.add_config_value('kernel_doc', 'kernel-doc', 'env')
    app.add_directive('kernel-doc', KernelDoc)
    app.connect('doctree-resolved', link_calls)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
