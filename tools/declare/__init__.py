# SPDX-License-Identifier: Apache-2.0
"""What def/*.toml declares, as C, reference pages and schemas: a module for each kind of row."""
