"""Which values properties take, kind by kind: sizes, functions, fonts, colours, layers (the CSS modules' grammars)."""
