"""Compare the library, through its public API, with reference numbers of an independent origin."""
