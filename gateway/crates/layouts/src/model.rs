//! What a layout file says, checked: the fields of a message tile it without a hole or an overlap.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

/// How the bytes of a field are read; all numbers are big-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One byte of ASCII that stands for a code.
    Char,
    U8,
    U16,
    U32,
    I32,
    U48,
    U64,
    /// u32 in units of 1e-4.
    Price4,
    /// u64 in units of 1e-8.
    Price8,
    /// Text of a fixed number of bytes.
    Alpha(usize),
    /// Whatever follows the fixed part; the last field only.
    Rest,
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "char" => Self::Char,
            "u8" => Self::U8,
            "u16" => Self::U16,
            "u32" => Self::U32,
            "i32" => Self::I32,
            "u48" => Self::U48,
            "u64" => Self::U64,
            "price4" => Self::Price4,
            "price8" => Self::Price8,
            "rest" => Self::Rest,
            _ => {
                let size = text.strip_prefix("alpha(")?.strip_suffix(')')?;
                Self::Alpha(size.parse().ok().filter(|size| (1..=256).contains(size))?)
            }
        })
    }

    /// Bytes of the fixed part.
    pub fn size(self) -> usize {
        match self {
            Self::Rest => 0,
            Self::Char | Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 | Self::I32 | Self::Price4 => 4,
            Self::U48 => 6,
            Self::U64 | Self::Price8 => 8,
            Self::Alpha(size) => size,
        }
    }
}

/// One field of a message.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// Bytes from the start of the message, its type byte included.
    pub offset: usize,
    pub kind: Kind,
    /// Unit or meaning; may be empty.
    pub about: String,
}

/// One message, or a structure without a type byte.
#[derive(Clone, Debug)]
pub struct Message {
    pub type_byte: Option<u8>,
    pub name: String,
    /// The enum that it is a variant of; None for a structure without a type byte.
    pub family: Option<String>,
    /// Bytes of the fixed part.
    pub length: usize,
    pub about: String,
    pub fields: Vec<Field>,
}

impl Message {
    /// Whether bytes may follow the fixed part.
    pub fn has_rest(&self) -> bool {
        self.fields.iter().any(|field| field.kind == Kind::Rest)
    }
}

/// One layout file.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub protocol: String,
    pub title: String,
    pub messages: Vec<Message>,
}

/// Why a layout file is refused: the message (and field) and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutError(pub String);

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CWS-LAYOUT-001 {}", self.0)
    }
}

impl std::error::Error for LayoutError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileToml {
    protocol: String,
    title: String,
    message: Vec<MessageToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageToml {
    #[serde(rename = "type")]
    type_byte: Option<String>,
    name: String,
    family: Option<String>,
    length: usize,
    about: String,
    fields: Vec<FieldToml>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldToml {
    name: String,
    offset: usize,
    kind: String,
    #[serde(default)]
    about: String,
}

impl Protocol {
    /// Reads the text of a layout file.
    ///
    /// # Errors
    /// [`LayoutError`] where the TOML is none of ours, fields do not tile, or a name or type comes twice.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let file: FileToml = toml::from_str(text).map_err(|e| LayoutError(e.to_string()))?;
        let messages = file.message.into_iter().map(message);
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        for message in &messages {
            let kind = (message.family.clone(), message.type_byte);
            let new = message.type_byte.is_none() || seen.insert(kind);
            require(new, &message.name, "its type is taken")?;
        }
        let names: BTreeSet<_> = messages.iter().map(|m| m.name.as_str()).collect();
        require(
            names.len() == messages.len(),
            &file.protocol,
            "a name comes twice",
        )?;
        Ok(Self {
            protocol: file.protocol,
            title: file.title,
            messages,
        })
    }

    /// The enums of the protocol, in the order of the file.
    pub fn families(&self) -> Vec<&str> {
        let mut families = Vec::new();
        for family in self.messages.iter().filter_map(|m| m.family.as_deref()) {
            if !families.contains(&family) {
                families.push(family);
            }
        }
        families
    }

    /// The messages of one enum.
    pub fn members(&self, family: &str) -> Vec<&Message> {
        let belongs = |m: &&Message| m.family.as_deref() == Some(family);
        self.messages.iter().filter(belongs).collect()
    }
}

fn require(holds: bool, place: &str, what: &str) -> Result<(), LayoutError> {
    if holds {
        return Ok(());
    }
    Err(LayoutError(format!(
        "{place}: {what}; correct the layout file"
    )))
}

fn message(raw: MessageToml) -> Result<Message, LayoutError> {
    let name = raw.name;
    let type_byte = match raw.type_byte.as_deref().map(str::as_bytes) {
        None => None,
        Some([byte]) if byte.is_ascii_graphic() && !b"'\\".contains(byte) => Some(*byte),
        Some(_) => return Err(LayoutError(format!("{name}: a type is one printable byte"))),
    };
    let family = match (type_byte, raw.family) {
        (Some(_), family) => Some(family.unwrap_or_else(|| "Message".to_owned())),
        (None, None) => None,
        (None, Some(_)) => return Err(LayoutError(format!("{name}: a family needs types"))),
    };
    let mut fields = Vec::new();
    for raw in raw.fields {
        fields.push(field(&name, raw)?);
    }
    tiles(&name, usize::from(type_byte.is_some()), raw.length, &fields)?;
    Ok(Message {
        type_byte,
        name,
        family,
        length: raw.length,
        about: raw.about,
        fields,
    })
}

fn field(message: &str, raw: FieldToml) -> Result<Field, LayoutError> {
    let place = format!("{message}.{}", raw.name);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    require(raw.name.bytes().all(plain), &place, "a name is snake_case")?;
    let taken = [
        "type",
        "type_byte",
        "name",
        "length",
        "decode",
        "encode",
        "match",
        "self",
    ];
    require(
        !taken.contains(&raw.name.as_str()),
        &place,
        "the name means something else",
    )?;
    let kind = Kind::parse(&raw.kind);
    let kind =
        kind.ok_or_else(|| LayoutError(format!("{place}: kind {:?} is unknown", raw.kind)))?;
    Ok(Field {
        name: raw.name,
        offset: raw.offset,
        kind,
        about: raw.about,
    })
}

fn tiles(name: &str, start: usize, length: usize, fields: &[Field]) -> Result<(), LayoutError> {
    let mut at = start;
    let mut names = BTreeSet::new();
    for (index, field) in fields.iter().enumerate() {
        let place = format!("{name}.{}", field.name);
        require(field.offset >= at, &place, "overlaps the field before it")?;
        require(field.offset == at, &place, "leaves a hole before it")?;
        require(names.insert(&field.name), &place, "comes twice")?;
        let last = index + 1 == fields.len();
        require(
            field.kind != Kind::Rest || last,
            &place,
            "a rest is the last field",
        )?;
        at += field.kind.size();
    }
    require(
        at == length,
        name,
        &format!("fields end at {at}, length is {length}"),
    )
}
