//! The few colours; they reach terminals alone, and none where `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();

/// How the help looks.
pub(crate) const HELP: Styles = Styles::styled()
    .header(BOLD)
    .usage(BOLD)
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());
