//! Lines of generated text.

/// Text under construction.
#[derive(Default)]
pub struct Text(pub String);

impl Text {
    pub fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}
