"""Office files from 2007 on (ECMA-376) and of OpenDocument (ISO/IEC 26300): zips of XML."""
