# SPDX-License-Identifier: GPL-2.0
"""Sphinx configuration. All extensions are in Sphinx itself or in ext/."""

import os
import sys

sys.path.insert(0, os.path.abspath('ext'))

project = 'vmem'
author = 'the vmem developers'
copyright = 'the vmem developers, GPL-2.0'  # pylint: disable=redefined-builtin
extensions = ['kernel_doc']
kernel_doc = os.environ.get('KERNELDOC', 'kernel-doc')

primary_domain = 'c'
highlight_language = 'none'
exclude_patterns = ['output']
smartquotes = False

html_theme = 'alabaster'
html_theme_options = {
    'description': 'an allocator of integer ranges for Linux',
    'page_width': '76em',
    'fixed_sidebar': True,
}
html_sidebars = {'**': ['about.html', 'navigation.html', 'searchbox.html']}
html_show_sourcelink = False
html_copy_source = False
