# What is done often. `just --list` shows it; each line also works without just.

# Fill a shop and serve it on http://127.0.0.1:8080
demo *args:
    cargo run --release -p chimera -- demo {{args}}

# Serve the shop in ./data
run *args:
    cargo run --release -p chimera -- serve {{args}}

# Import the public "Online Retail" file
import file *args:
    cargo run --release -p chimera -- import online-retail {{file}} {{args}}

# The operator's tool: just replay status, just replay verify
replay *args:
    cargo run --release -p chimera-replay -- {{args}}

# Measure this machine: just bench embedded
bench *args:
    cargo run --release -p chimera -- bench {{args}}

test *args:
    cargo test --workspace {{args}}

# Style and the rules of the tree, without tests
lint:
    .ci/run setup fmt sizes words reasons deny clippy

fmt:
    cargo fmt --all

# Everything that must hold before a change is taken
ci:
    .ci/run
