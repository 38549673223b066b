"""What customers asked, in their languages and their charsets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    name: str
    address: str
    charset: str
    subject: str
    text: str
    answer: str
    thanks: str


QUESTIONS = (
    Question(
        "Søren Østergård",
        "soren@vand.example",
        "iso-8859-1",
        "Måler viser forkert tryk",
        "Hej,\n\nvores måler viser 0,3 bar for meget. Hvad gør vi?\n\nSøren\n",
        "Hej Søren, tryk på nulstil i fem sekunder. Hilsen, Aiko",
        "Det virkede, tak!",
    ),
    Question(
        "山田太郎",
        "yamada@sokutei.example",
        "iso-2022-jp",
        "圧力計の校正について",
        "お世話になっております。\n\n圧力計の校正証明書を再発行していただけますか。\n\n山田\n",
        "山田様、証明書を本日お送りします。田中",
        "ありがとうございました。",
    ),
    Question(
        "Ольга Смирнова",
        "olga@nasos.example",
        "koi8-r",
        "Манометр не включается",
        "Здравствуйте,\n\nманометр G-7 больше не включается.\n\nОльга\n",
        "Здравствуйте, Ольга! Замените батарею, пожалуйста. Айко",
        "Спасибо, помогло.",
    ),
    Question(
        "Łukasz Wójcik",
        "lukasz@pompy.example",
        "iso-8859-2",
        "Pytanie o gwarancję",
        "Dzień dobry,\n\nczy gwarancja obejmuje pęknięte szkło?\n\nŁukasz\n",
        "Dzień dobry, tak, przez dwa lata. Aiko",
        "Dziękuję bardzo!",
    ),
    Question(
        "Élodie Lefèvre",
        "elodie@hydro.example",
        "utf-8",
        "Étalonnage d'un manomètre",
        "Bonjour,\n\ncombien coûte l'étalonnage annuel ?\n\nÉlodie\n",
        "Bonjour, 89 € par appareil. Aiko",
        "Parfait, merci !",
    ),
    Question(
        "王小明",
        "wang@yali.example",
        "gb18030",
        "压力表交货时间",
        "您好：\n\n请问二十个压力表何时可以交货？\n\n王小明\n",
        "您好，三周之内。爱子",
        "好的，谢谢。",
    ),
    Question(
        "ليلى حداد",
        "layla@miyah.example",
        "utf-8",
        "سؤال عن المقياس",
        "مرحبا،\n\nهل يعمل المقياس في درجة حرارة 60؟\n\nليلى\n",
        "مرحبا ليلى، نعم حتى 70 درجة. أيكو",
        "شكرا جزيلا",
    ),
    Question(
        "Tom Barker",
        "tom@brewery.example",
        "us-ascii",
        "Gauge G-7 leaks",
        "Hi,\n\nthe gauge you sent us leaks at the thread. Photo attached.\n\nTom\n",
        "Hi Tom, a new seal is on its way. Aiko",
        "Got it, all dry now. Cheers!",
    ),
)
