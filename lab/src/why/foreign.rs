//! Errors that are none of sockets, in a line each: nothing is invented for what is not known.

use socket_demos::t;

use super::words;

/// The meaning of an error that is no socket's, if a word of the question is one.
pub(super) fn meaning(question: &str) -> Option<String> {
    let plain = words::plain(question);
    words::runs(&plain).iter().find_map(|word| of_word(word)).or_else(|| of_sentence(&plain))
}

fn of_word(word: &str) -> Option<String> {
    Some(match word {
        "enoent" | "filenotfounderror" | "filenotfoundexception" => {
            t!(
                "no such file or directory: a wrong path, or another current directory",
                "没有这个文件或目录：路径写错，或当前目录不对"
            )
        }
        "eexist" | "fileexistserror" => t!("the file exists already", "文件已存在"),
        "enospc" => t!("the disk is full", "磁盘已满"),
        "eisdir" | "isadirectoryerror" => t!("it is a directory, not a file", "这是目录，不是文件"),
        "enotdir" | "notadirectoryerror" => t!("a part of the path is no directory", "路径中有一段不是目录"),
        "eio" => t!("the device failed to read or write", "设备读写失败"),
        "echild" => t!("there is no child process to wait for", "没有可等待的子进程"),
        "enoexec" => t!("the file is no program of this system", "这个文件不是本系统的程序"),
        "edeadlk" => t!("a lock that waits for itself", "锁在等自己（死锁）"),
        "valueerror" => t!("Python: a value that the function does not take", "Python：函数不接受这个值"),
        "typeerror" => t!("a value of another type than wanted", "值的类型不对"),
        "keyerror" => t!("Python: the dictionary has no such key", "Python：字典里没有这个键"),
        "indexerror" => t!("Python: the list is shorter than the index", "Python：下标超出列表"),
        "nameerror" => t!("Python: a name that was never given a value", "Python：名字没有定义"),
        "attributeerror" => t!("Python: the object has no such attribute", "Python：对象没有这个属性"),
        "importerror" | "modulenotfounderror" => {
            t!(
                "Python: no such module; is your own file called socket.py?",
                "Python：没有这个模块；你的文件是不是叫 socket.py？"
            )
        }
        "indentationerror" | "syntaxerror" => {
            t!("Python: the program is not written as Python wants", "Python：语法或缩进不对")
        }
        "zerodivisionerror" => t!("Python: division by zero", "Python：除数为零"),
        "recursionerror" => t!("Python: a function calls itself without an end", "Python：函数无止境地调用自己"),
        "memoryerror" | "outofmemoryerror" => t!("the program has no more memory", "程序没有内存了"),
        "keyboardinterrupt" => t!("somebody pressed Ctrl-C", "有人按了 Ctrl-C"),
        "jsondecodeerror" => t!("the text is no JSON, perhaps only the first part of it", "不是 JSON，也许只是前半截"),
        "nullpointerexception" => t!("Java: a variable holds nothing", "Java：变量是空的"),
        "classnotfoundexception" | "noclassdeffounderror" => {
            t!("Java: no such class on the class path", "Java：类路径上没有这个类")
        }
        "segfault" | "sigsegv" => t!("the program used memory that is not its own", "程序用了不属于它的内存"),
        "sslerror" | "certificate_verify_failed" | "err_cert_authority_invalid" => {
            t!(
                "TLS: the certificate is not trusted; the TCP connection is there",
                "TLS：证书不受信任；TCP 连接本身是好的"
            )
        }
        "wrong_version_number" | "err_ssl_protocol_error" => {
            t!("TLS: the other side does not speak TLS on this port", "TLS：对方这个端口上不是 TLS")
        }
        "400" => t!("HTTP: the server does not understand the request", "HTTP：服务器看不懂请求"),
        "401" => t!("HTTP: log in first", "HTTP：要先登录"),
        "403" => t!("HTTP: the server does not allow it", "HTTP：服务器不允许"),
        "404" => t!("HTTP: no such page; the connection is fine", "HTTP：没有这个页面；连接本身是好的"),
        "405" => t!("HTTP: not with this method (GET, POST)", "HTTP：不能用这个方法（GET、POST）"),
        "429" => t!("HTTP: too many requests", "HTTP：请求太多"),
        "500" => t!("HTTP: the server's program has failed", "HTTP：服务器的程序出错"),
        "502" => t!("HTTP: a proxy got no answer from the server behind it", "HTTP：代理没有从后面的服务器得到回答"),
        "503" => t!("HTTP: the server is busy or closed for now", "HTTP：服务器暂时忙或停用"),
        "504" => t!("HTTP: the server behind a proxy did not answer in time", "HTTP：代理后面的服务器没有按时回答"),
        _ => return None,
    })
}

fn of_sentence(plain: &str) -> Option<String> {
    let known = [
        ("no such file or directory", "enoent"),
        ("没有那个文件或目录", "enoent"),
        ("系统找不到指定的文件", "enoent"),
        ("no space left on device", "enospc"),
        ("segmentation fault", "sigsegv"),
        ("段错误", "sigsegv"),
        ("is a directory", "eisdir"),
        ("file exists", "eexist"),
        ("no child processes", "echild"),
        ("exec format error", "enoexec"),
        ("certificate verify failed", "sslerror"),
    ];
    known.iter().find(|(sentence, _)| plain.contains(sentence)).and_then(|(_, word)| of_word(word))
}
