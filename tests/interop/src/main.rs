//! Checks that this crate and packages in other languages accept and refuse the same requests.
//!
//! `scripts/interop.sh` installs the packages and starts this.

mod cases;
mod dynamic;
mod ed25519;
mod judge;
mod key_sets;
mod message;
mod peer;
mod rs256;
mod static_hmac;
mod tally;

use std::env;
use std::error::Error;

use crate::judge::Side;
use crate::peer::Peer;
use crate::tally::Tally;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [python, python_peer, node, javascript_peer] = args.as_slice() else {
        return Err("usage: gemini-webhooks-interop PYTHON PEER.PY NODE PEER.MJS".into());
    };
    let mut tally = Tally::default();
    for mut peer in [
        Peer::start(Side::Python, python, python_peer)?,
        Peer::start(Side::JavaScript, node, javascript_peer)?,
    ] {
        static_hmac::check(&mut peer, &mut tally)?;
        rs256::check(&mut peer, &mut tally)?;
        ed25519::check(&mut peer, &mut tally)?;
        key_sets::check(&mut peer, &mut tally)?;
        peer.stop()?;
    }
    tally.finish()
}
