//! HTTP/1.1 as bytes on a socket, so that a test decides what is sent, malformed requests and hang-ups included.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::deadline::SOON;

/// A request, sent as it stands: nothing is normalised or checked.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A `GET`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A `POST` of JSON.
    pub fn post(target: &str, json: &Value) -> Self {
        Self::new("POST", target).header("content-type", "application/json").body(json.to_string())
    }

    /// Adds a header; the same name may come several times.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body; its length is sent along.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it over a connection of its own and waits for the answer.
    ///
    /// # Panics
    ///
    /// When there is no whole answer.
    pub fn send(&self, to: SocketAddr) -> Response {
        match self.try_send(to) {
            Ok(response) => response,
            Err(error) => panic!("{} {} to {to}: {error}", self.method, self.target),
        }
    }

    /// Sends it over a connection of its own and waits for the answer.
    ///
    /// # Errors
    ///
    /// When nobody listens, or the connection ends before the answer does.
    pub fn try_send(&self, to: SocketAddr) -> io::Result<Response> {
        let mut connection = Connection::open(to)?;
        let mut writer = connection.writer()?;
        let bytes = self.clone().header("connection", "close").to_bytes();
        // Written beside reading: a server may answer before it has read everything, and stop reading then.
        let writing = thread::spawn(move || writer.write_all(&bytes));
        let response = connection.read_response(self.method == "HEAD");
        let _ = connection.reader.get_ref().shutdown(Shutdown::Both);
        let written = writing.join().expect("writing does not panic");
        match response {
            Err(error) => Err(written.err().unwrap_or(error)),
            whole => whole,
        }
    }

    /// The request as it goes over the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head += "host: localhost\r\n";
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers in the order in which they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without any transfer encoding.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The media type without its parameters, or nothing.
    pub fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in the body of this answer: {self:?}"),
        }
    }
}

/// One connection, for whatever a client may do to it. Dropping it hangs up.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody listens.
    pub fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, SOON)?;
        stream.set_read_timeout(Some(SOON))?;
        stream.set_write_timeout(Some(SOON))?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// When the other side has hung up.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends a request and reads its answer; the connection stays open.
    ///
    /// # Errors
    ///
    /// When the connection ends before the answer does.
    pub fn call(&mut self, request: &Request) -> io::Result<Response> {
        self.send(&request.to_bytes())?;
        self.read_response(request.method == "HEAD")
    }

    /// Waits for no more than this for an answer.
    ///
    /// # Errors
    ///
    /// When the system does not want to.
    pub fn patience(&self, limit: Duration) -> io::Result<()> {
        self.reader.get_ref().set_read_timeout(Some(limit))
    }

    /// Says that nothing more will be sent; an answer may still come.
    ///
    /// # Errors
    ///
    /// When the other side has hung up.
    pub fn finish_sending(&self) -> io::Result<()> {
        self.reader.get_ref().shutdown(Shutdown::Write)
    }

    /// A second handle for sending, for use beside reading.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn writer(&self) -> io::Result<impl Write + Send + 'static> {
        self.reader.get_ref().try_clone()
    }

    /// Reads one answer; `1xx` answers before it are skipped.
    ///
    /// # Errors
    ///
    /// When the connection ends before the answer does, or what comes is not HTTP/1.1.
    pub fn read_response(&mut self, to_head: bool) -> io::Result<Response> {
        loop {
            let (status, headers) = self.read_head()?;
            if !(100..200).contains(&status) {
                let mut response = Response { status, headers, body: Vec::new() };
                if !to_head && status != 204 && status != 304 {
                    response.body = self.read_body(&response)?;
                }
                return Ok(response);
            }
        }
    }

    /// Whether the other side hangs up, without sending anything, before [`SOON`] is over.
    pub fn is_hung_up_on(&mut self) -> bool {
        matches!(self.reader.read(&mut [0]), Ok(0))
    }

    fn read_head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let first = self.read_line()?;
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| malformed(&first))?;
        let mut headers = Vec::new();
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                return Ok((status, headers));
            }
            let (name, value) = line.split_once(':').ok_or_else(|| malformed(&line))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn read_body(&mut self, response: &Response) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if response.header("transfer-encoding") == Some("chunked") {
            loop {
                let line = self.read_line()?;
                let size = usize::from_str_radix(&line, 16).map_err(|_| malformed(&line))?;
                let start = body.len();
                body.resize(start + size, 0);
                self.reader.read_exact(&mut body[start..])?;
                self.read_line()?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        match response.header("content-length") {
            Some(length) => {
                body.resize(length.parse().map_err(|_| malformed(length))?, 0);
                self.reader.read_exact(&mut body)?;
            }
            None => drop(self.reader.read_to_end(&mut body)?),
        }
        Ok(body)
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server hung up before its answer ended",
            ));
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

fn malformed(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP/1.1: `{line}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::hold;

    /// Answers one request with these bytes.
    fn answering(answer: &'static str) -> SocketAddr {
        let (listener, address) = hold();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn a_length_is_honoured_and_names_are_lower_case() {
        let address = answering(
            "HTTP/1.1 201 Created\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi!",
        );
        let response = Request::get("/").send(address);
        assert_eq!(
            (response.status, response.content_type(), response.text().as_str()),
            (201, "text/plain", "hi")
        );
    }

    #[test]
    fn chunks_are_joined_and_continue_is_skipped() {
        let address = answering(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
        );
        assert_eq!(Request::get("/").send(address).text(), "abc0123456789");
    }

    #[test]
    fn an_answer_cut_short_is_an_error() {
        let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
        let error = Request::get("/").try_send(address).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_request_goes_out_as_written() {
        let request = Request::post("/a%20b?q=%C3%A9", &serde_json::json!({"a": 1}))
            .header("x-a", "1")
            .header("x-a", "2");
        let text = String::from_utf8(request.to_bytes()).unwrap();
        assert_eq!(
            text,
            "POST /a%20b?q=%C3%A9 HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             x-a: 1\r\nx-a: 2\r\ncontent-length: 7\r\n\r\n{\"a\":1}"
        );
    }
}
