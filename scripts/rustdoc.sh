#!/usr/bin/env bash
# rustdoc, which looks at the code of the error of an example that must not compile (`compile_fail,E0451`)
# only where unstable features are allowed; without the code such an example may fail for another reason.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
